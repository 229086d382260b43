// Makes the pictures of the dashboard in docs/: a night with an endpoint that is down, one that has gone, and one that
// rejects some events. Needs chromium; run it after `npm run build`.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const repository = fileURLToPath(new URL('..', import.meta.url));
const bin = join(repository, 'bin/capnhook.js');
const home = mkdtempSync(join(tmpdir(), 'capnhook-pictures-'));
const spool = join(home, 'spool');
const env = { PATH: process.env.PATH, HOME: home, CAPNHOOK_SPOOL: spool };

const answers = {
  '/deploys': [204, ''],
  '/billing': [503, 'upstream connect error'],
  '/old': [410, 'this receiver has moved'],
  '/chat': [400, '{"error":"no_text"}'],
};
const receiver = createServer((request, response) => {
  const [status, body] = answers[request.url] ?? [404, ''];
  setTimeout(() => response.writeHead(status).end(body), 20 + Math.random() * 60);
});
receiver.listen(0, '127.0.0.1');
await once(receiver, 'listening');
const url = `http://127.0.0.1:${receiver.address().port}`;

/** Runs a command to its end; exit codes that tell of trouble are expected here. */
async function run(args, input = '') {
  const child = spawn(process.execPath, [bin, ...args], { env, stdio: ['pipe', 'ignore', 'ignore'] });
  child.stdin.end(input);
  await once(child, 'close');
}

async function makeTrouble() {
  mkdirSync(join(home, '.config/capnhook'), { recursive: true });
  const names = ['deploys', 'billing', 'old', 'chat'];
  writeFileSync(
    join(home, '.config/capnhook/hooks.yaml'),
    `hooks: {deploy.done: [deploys, old], order.paid: [billing], build.failed: [chat]}
endpoints: {${names.map((name) => `${name}: {url: "${url}/${name}"}`).join(', ')}}\n`,
  );
  const many = (count) => Array.from({ length: count }, (_, n) => `{"number":${n}}`).join('\n');
  await run(['fire', 'order.paid', '--ndjson', '-'], many(1_400));
  await run(['fire', 'deploy.done', '--ndjson', '-'], many(380));
  for (let n = 0; n < 5; n += 1) await run(['fire', 'build.failed', '-d', `{"build":${n}}`]);
  await run(['fire', 'order.refunded', '-d', '{"number":7}']);
  await run(['drain', '--wait', '3s']);
  await run(['drop', '--hook', 'build.failed', '--yes']);
  for (let n = 5; n < 8; n += 1) await run(['fire', 'build.failed', '-d', `{"build":${n}}`]);
  await run(['drain']);
  spreadJournal();
}

/** Spreads the journal's attempts over the last hour. */
function spreadJournal() {
  const directory = join(spool, 'journal');
  for (const name of readdirSync(directory)) {
    const lines = readFileSync(join(directory, name), 'utf8').trimEnd().split('\n');
    const spread = lines.map((line, n) => {
      const share = n / lines.length;
      const ago = (1 - share) * 3_500_000 + 40_000 * Math.sin(share * 40);
      return line.replace(
        /"time":"[^"]+"/,
        `"time":"${new Date(Date.now() - Math.max(ago, 0)).toISOString()}"`,
      );
    });
    writeFileSync(join(directory, name), `${spread.sort().join('\n')}\n`);
  }
}

const pictures = [
  { name: 'dashboard', path: '/', colorScheme: 'light', width: 1200, height: 760 },
  { name: 'dashboard-deliveries', path: '/entries', colorScheme: 'dark', width: 1200, height: 620 },
  { name: 'dashboard-narrow', path: '/', colorScheme: 'dark', width: 390, height: 760 },
];

async function takePictures() {
  const shown = spawn(process.execPath, [bin, 'dashboard', '--listen', '127.0.0.1:0'], { env });
  const [address] = await once(shown.stdout.setEncoding('utf8'), 'data');
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  for (const { name, path, colorScheme, width, height } of pictures) {
    const page = await browser.newPage({ colorScheme, viewport: { width, height } });
    await page.goto(address.trim());
    await page.waitForSelector('header nav');
    await page.goto(new URL(path, address).href);
    await page.evaluate((shownSpool) => {
      document.querySelector('.spool').textContent = shownSpool;
    }, '/var/spool/capnhook');
    await page.waitForTimeout(400);
    await page.screenshot({ path: join(repository, 'docs', `${name}.png`) });
    await page.close();
  }
  await browser.close();
  shown.kill('SIGTERM');
  await once(shown, 'close');
}

try {
  await run(['init']);
  await makeTrouble();
  await takePictures();
} finally {
  receiver.close();
  receiver.closeAllConnections();
  rmSync(home, { recursive: true, force: true });
}
execFileSync('ls', ['-l', ...pictures.map(({ name }) => `docs/${name}.png`)], {
  cwd: repository,
  stdio: 'inherit',
});
