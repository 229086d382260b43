/** The dashboard in a real browser. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { findChromium, startBrowser } from '../support/browser.js';
import { createWorld, gate, repository, until, type World } from '../support/world.js';

const chromium = findChromium();
const inBrowser = test.skipIf('missing' in chromium);
const browserPath = 'path' in chromium ? chromium.path : '';
const axe = readFileSync(join(repository, 'node_modules/axe-core/axe.min.js'), 'utf8');

const hostile =
  '<script>document.title="run"</script><img src=x onerror="document.title=\'run\'">\u202e\u001b[31m';

/** Starts `capnhook dashboard` on a free port. @returns its address with the token */
async function serve(world: World, args: readonly string[] = []): Promise<{ url: string; pid: number }> {
  const { child, pid } = world.start(['dashboard', '--listen', '127.0.0.1:0', ...args]);
  let printed = '';
  child.stdout.on('data', (text: string) => {
    printed += text;
  });
  await until('the dashboard is served', () => printed.includes('\n'));
  return { url: printed.trim(), pid };
}

/** Opens the page as a person does who has the address. */
async function open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const scripts: string[] = [];
  page.on('pageerror', ({ message }) => scripts.push(message));
  page.on('console', (said) => {
    if (said.type() === 'error' && !said.text().includes('401')) scripts.push(said.text());
  });
  onTestFinished(() => expect(scripts).toEqual([]));
  await page.goto(url);
  await page.waitForSelector('header nav');
  return page;
}

async function go(page: Page, path: string): Promise<void> {
  await page.goto(new URL(path, page.url()).href);
}

async function figure(page: Page, name: string): Promise<string | null> {
  return page.locator(`.tiles [data-figure=${name}]`).getAttribute('data-value');
}

inBrowser('capnhook dashboard shows the figures of status --json, and changes them by itself', async () => {
  const world = createWorld();
  world.hooks('hooks: {complete: [{url: "http://127.0.0.1:9/in"}]}');
  await world.run(['fire', 'complete', '--ndjson', '-'], { input: '1\n2\n3\n' });
  await world.run(['fire', 'lost', '-d', '1']);
  await world.run(['drain', '-q']);
  const page = await open(await startBrowser(browserPath), (await serve(world)).url);
  const { totals, endpoints } = JSON.parse((await world.run(['status', '--json'])).stdout);
  expect(await figure(page, 'queued')).toBe(String(totals.queued.total));
  expect(await figure(page, 'dead')).toBe(String(totals.dead));
  expect(await figure(page, 'unclaimed')).toBe(String(totals.unclaimed));
  expect(await figure(page, 'corrupt')).toBe(String(totals.corrupt));
  for (const { endpoint, queued, lastHour, state } of endpoints) {
    const row = page.locator(`tr[data-endpoint="${endpoint.id}"]`);
    expect(await row.locator('[data-figure=queued]').getAttribute('data-value')).toBe(String(queued.total));
    expect(await row.locator('[data-figure=attempts]').getAttribute('data-value')).toBe(
      String(lastHour.attempts),
    );
    expect(await row.locator('[data-figure=state]').getAttribute('data-value')).toBe(state);
  }
  expect(await page.locator('canvas').count()).toBe(2);
  await world.run(['fire', 'complete', '-d', '4']);
  await until('the page has changed', async () => (await figure(page, 'queued')) === '4');
});

inBrowser('a retry that is clicked is delivered by the daemon', async () => {
  const world = createWorld();
  const { open: letThrough, passed } = gate();
  let isOpen = false;
  void passed.then(() => {
    isOpen = true;
  });
  const receiver = await world.receiver(() => (isOpen ? { status: 204 } : { status: 503, body: hostile }));
  world.hooks(`hooks: {complete: [${receiver.url}/in]}`);
  await world.run(['start']);
  const fired = await world.run(['fire', 'complete', '--print-id', '-d', '{"n":1}']);
  await receiver.waitFor(1);
  const page = await open(await startBrowser(browserPath), (await serve(world)).url);
  await go(page, `/events/${fired.stdout.trim()}`);
  letThrough();
  await page.getByRole('button', { name: 'Retry' }).click();
  await page.locator('#confirm').getByRole('button', { name: 'Retry' }).click();
  await page.waitForSelector('#done');
  await receiver.waitFor(2);
  expect(receiver.requests[1]?.body.toString()).toBe('{"n":1}');
  await page.getByRole('link', { name: 'Back' }).click();
  await until('the page tells it', async () =>
    ((await page.locator('.attempts').textContent()) ?? '').includes('delivered'),
  );
  await world.run(['stop']);
});

inBrowser('a hostile payload and a hostile answer are text', async () => {
  const world = createWorld();
  const receiver = await world.receiver(() => ({ status: 400, body: hostile }));
  world.hooks(`hooks: {complete: [${receiver.url}/in]}`);
  await world.run(['fire', 'complete', '--id', 'evt_1', '-d', JSON.stringify(hostile)]);
  await world.run(['drain', '-q']);
  const page = await open(await startBrowser(browserPath), (await serve(world)).url);
  for (const path of ['/', '/entries', '/failures', '/events/evt_1']) {
    await go(page, path);
    expect(await page.title()).not.toBe('run');
    expect(await page.locator('main img, main script').count()).toBe(0);
  }
  expect(await page.locator('pre').textContent()).toContain('<img src=x');
  await page.getByRole('link', { name: 'Show the payload' }).click();
  await page.waitForSelector('#payload');
  const payload = await page.locator('#payload pre').textContent();
  expect(payload).toContain('<script>');
  expect(payload).toContain('\\u{202e}');
  for (const character of ['\u202e', '\u001b']) expect(payload).not.toContain(character);
  expect(await page.locator('main img, main script').count()).toBe(0);
  expect(await page.title()).not.toBe('run');
});

inBrowser('axe finds nothing on any page, dark and light, wide and narrow', async () => {
  const world = createWorld();
  world.hooks(
    'hooks: {complete: [{url: "http://127.0.0.1:9/in"}]}\nendpoints: {chat: {url: "http://127.0.0.1:9/chat"}}',
  );
  await world.run(['fire', 'complete', '--id', 'evt_1', '-d', '1']);
  await world.run(['fire', 'lost', '-d', '1']);
  await world.run(['drain', '-q']);
  await world.run(['pause', 'chat']);
  const { url } = await serve(world);
  const browser = await startBrowser(browserPath);
  for (const colorScheme of ['light', 'dark'] as const)
    for (const width of [1280, 360]) {
      const page = await open(browser, url, {
        colorScheme,
        viewport: { width, height: 800 },
        bypassCSP: true,
      });
      for (const path of ['/', '/entries', '/failures', '/events/evt_1', '/endpoints/chat']) {
        await go(page, path);
        await page.evaluate(axe);
        const findings = await page.evaluate(async () => {
          const { violations } = await (globalThis as never as Axe).axe.run();
          return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
        });
        expect({ path, colorScheme, width, findings }).toMatchObject({ findings: [] });
        const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
        expect(overflow).toBeLessThanOrEqual(0);
      }
      await page.context().close();
    }
});

interface Axe {
  axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
}

inBrowser('a tab that is hidden gets no updates, and goes on when it is seen', async () => {
  const world = createWorld();
  await world.run(['init']);
  const page = await open(await startBrowser(browserPath), (await serve(world)).url);
  const live = page.locator('#live');
  await until('updates come', async () => (await live.textContent()) === 'Live');
  const ended = page.waitForEvent('requestfailed', (request) => request.url().includes('/live'));
  await setVisibility(page, 'hidden');
  await ended;
  expect(await live.textContent()).toBe('Paused');
  await setVisibility(page, 'visible');
  await until('updates come again', async () => (await live.textContent()) === 'Live');
});

async function setVisibility(page: Page, state: string): Promise<void> {
  await page.evaluate((value) => {
    const { document } = globalThis as never as { document: EventTarget };
    Object.defineProperty(document, 'visibilityState', { value, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, state);
}

inBrowser('100,000 dead deliveries can be looked through, selected and retried', async () => {
  const world = createWorld();
  world.hooks(
    'hooks: {complete: [{url: "http://127.0.0.1:9/in"}]}\nendpoints: {chat: {url: "http://127.0.0.1:9/chat"}}',
  );
  await world.run(['init']);
  const dead = join(world.spool, 'dead/chat');
  mkdirSync(dead, { recursive: true });
  const idOf = (n: number): string => `evt_01KAQYG800${String(n).padStart(16, '0')}`;
  for (let n = 0; n < 100_000; n += 1) {
    const id = idOf(n);
    const time = '2026-11-23T12:00:00.000Z';
    writeFileSync(
      join(dead, `${id}.json`),
      `{"capnhook":1,"id":"${id}","hook":"complete","time":"${time}",\n"payload":1\n}\n`,
    );
  }
  const { url, pid } = await serve(world);
  const page = await open(await startBrowser(browserPath), url);
  expect(await figure(page, 'dead')).toBe('100000');
  await go(page, '/entries?state=dead');
  expect(await page.locator('tbody tr').count()).toBe(100);
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.keyboard.press('x');
  expect(await page.locator('#picked').textContent()).toBe('1 selected');
  await page.keyboard.press('n');
  await page.waitForURL(/after=/);
  expect(await page.locator('tbody tr a').first().textContent()).toBe(idOf(100));
  await go(page, `/entries?state=dead&after=${encodeURIComponent(`dead/chat/${idOf(99_949)}`)}`);
  expect(await page.locator('tbody tr').count()).toBe(50);
  await page.getByLabel('Select all rows of this page').check();
  await page.getByRole('button', { name: 'Retry selected' }).click();
  expect(await page.locator('[data-figure=count]').textContent()).toContain('50 deliveries');
  await page.locator('#confirm').getByRole('button', { name: 'Retry' }).click();
  await page.waitForSelector('#done');
  await go(page, '/');
  expect(await figure(page, 'dead')).toBe('99950');
  const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  expect(Number(peak)).toBeLessThan(400_000);
});
