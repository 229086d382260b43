/** The transcript of docs/operations.md: each command is run in the situation that the page describes. */
import { describe, expect, test } from 'vitest';
import { fencesOf, pageAt } from '../docs/markdown.js';
import { mayMount, mountSpool } from '../support/mounted-spool.js';
import { makeSituation } from '../support/situation.js';
import { createWorld, type RunOptions, type World } from '../support/world.js';

const onlyReads = /^capnhook (?:status|log|list|show)\b/;

/** A command line of the transcript, and what it prints. */
interface Turn {
  line: string;
  printed: string;
}

describe('the transcript of docs/operations.md', () => {
  test('each command prints what the page shows, with a daemon running', { timeout: 120_000 }, async () => {
    const world = createWorld();
    await makeSituation(world);
    expect(await world.run(['start'])).toMatchObject({ code: 0 });
    const turns = turnsOf('## Three in the morning');
    expect(turns.length).toBeGreaterThan(10);
    await follow(world, turns);
    await world.run(['stop']);
  });

  test('a full disk is seen, and mended', async ({ skip }) => {
    const world = createWorld();
    const mounts = await mountSpool(world, 'size=2m');
    if (mounts === undefined) return skip(mayMount);
    await fillWithDead(world, mounts);
    const turns = turnsOf('## The disk is full');
    expect(turns.length).toBe(4);
    await follow(world, turns, mounts);
  });
});

/** Types each line, and expects what the page shows. */
async function follow(world: World, turns: readonly Turn[], options?: RunOptions): Promise<void> {
  for (const { line, printed } of turns) {
    const wanted = `$ ${line}\n${alike(printed)}`;
    const typed = async (): Promise<string> => `$ ${line}\n${alike(await type(world, line, options))}`;
    // What the daemon was asked for takes a moment, and its record a second.
    if (onlyReads.test(line)) await expect.poll(typed, { timeout: 20_000, interval: 250 }).toBe(wanted);
    else expect(await typed()).toBe(wanted);
  }
}

/** Has three large events refused for good, and fills the rest of the disk. */
async function fillWithDead(world: World, mounts: RunOptions): Promise<void> {
  const refuses = { status: 400, headers: { 'webhook-delivery': 'abort-message' } };
  const { url } = await world.receiver(() => refuses);
  world.hooks(`hooks: {build.failed: [chat]}\nendpoints: {chat: "${url}"}\n`);
  const large = { ...mounts, input: JSON.stringify('x'.repeat(300_000)) };
  for (let n = 0; n < 3; n += 1)
    expect(await world.run(['fire', 'build.failed', '-'], large)).toMatchObject({ code: 0 });
  expect(await world.run(['drain', '-q'], mounts)).toMatchObject({ code: 69 });
  await world.exec('dd', ['if=/dev/zero', `of=${world.spool}/tmp/fills-the-disk`, 'bs=4096'], mounts);
}

/** The commands below a heading, in order. */
function turnsOf(heading: string): Turn[] {
  const { path, text } = pageAt('docs/operations.md');
  const start = text.indexOf(heading);
  const section = text.slice(start, text.indexOf('\n## ', start + 1));
  const lines = fencesOf({ path, text: section }).flatMap((block) =>
    block.mark === 'console' ? block.lines : [],
  );
  const turns: Turn[] = [];
  for (const line of lines) {
    const last = turns.at(-1);
    if (line.startsWith('$ ')) turns.push({ line: line.slice(2), printed: '' });
    else if (last !== undefined) last.printed += `${line}\n`;
  }
  return turns;
}

/** Types a line into a shell that has kept `$id` since the line before. */
async function type(world: World, line: string, options?: RunOptions): Promise<string> {
  const script = `test ! -e vars || . ./vars\n${line}\necho "id=$id" > vars`;
  const { stdout, stderr } = await world.sh(script, options);
  return stdout + stderr;
}

/** What is different in each run is made the same. */
function alike(text: string): string {
  return text
    .replaceAll(/evt_[0-9A-Z]{26}/g, 'evt_ID')
    .replaceAll(/spool \/[^\s)]*/g, 'spool DIR')
    .replaceAll(/127\.0\.0\.1:\d+/g, 'HOST')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/pid \d+/g, 'pid PID')
    .replaceAll(/\b\d+(\.\d+)? ([KMGT]iB|B)\b/g, 'SIZE')
    .replaceAll(/=[\d.]+(s|B);/g, '=N$1;')
    .replaceAll(/\b\d+(\.\d+)?(ms|[smhd])\b( \d+[smh]\b)?/g, 'DURATION')
    .replaceAll(/\b\d+\/\d+\b/g, 'N/N')
    .replaceAll(/(attempts|failures)_1h=\d+/g, '$1_1h=N')
    .replaceAll(/[0-9]+ ×|#[0-9]+|[0-9]+×/g, 'N×')
    .replaceAll(/ +/g, ' ')
    .replaceAll(/ $/gm, '')
    .trimEnd();
}
