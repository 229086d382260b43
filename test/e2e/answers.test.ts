/** What receivers answer is heard, kept and told: without secrets, within bounds, and never of a delivered event. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startRawServer } from '../support/receiver.js';
import { createWorld, until, type World } from '../support/world.js';

const archived = {
  status: 422,
  headers: { 'content-type': 'application/problem+json' },
  body: JSON.stringify({
    title: 'channel #ops is archived',
    detail: 'token s3cretT0ken at /services/T0/xyzzy42',
  }),
};
const masked = 'channel #ops is archived: token ••• at •••';

function hooksFile(url: string, more = ''): string {
  return `
hooks: {complete: [chat]}
endpoints:
  chat: {url: "${url}", headers: {Authorization: {env: TOKEN}}${more}}
defaults: {retry: {schedule: [10ms], jitter: 0}}
`;
}

function read(world: World, path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(world.spool, path), 'utf8')) as Record<string, unknown>;
}

function journalOf(world: World): string {
  return world
    .names('journal')
    .map((name) => readFileSync(join(world.spool, 'journal', name), 'utf8'))
    .join('');
}

/** Everything in the spool but events, which hold what was fired. */
function everythingIn(directory: string): string {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n');
}

describe('what a receiver answers', () => {
  test('capnhook drain keeps and tells what a rejection says, without secrets, until the event is delivered', async () => {
    const world = createWorld();
    let isArchived = true;
    const receiver = await world.receiver(() =>
      isArchived ? archived : { status: 200, body: 'thanks, s3cretT0ken' },
    );
    world.hooks(hooksFile(`${receiver.url}/services/T0/xyzzy42`));
    const env = { TOKEN: 's3cretT0ken' };
    await world.run(['fire', 'complete', '-d', '1', '--id', 'evt_1']);
    const pass = await world.run(['drain', '--verbose'], { env });
    expect(pass.code).toBe(75);
    expect(pass.stderr).toContain(`422: ${masked}`);
    expect(journalOf(world)).toContain(`"status":422,"answer":"${masked}"`);
    const kept = { event: 'evt_1', status: 422, contentType: 'application/problem+json' };
    expect(read(world, 'answers/chat.json')).toMatchObject(kept);
    expect(read(world, 'answers/chat/evt_1.json')).toMatchObject({
      ...kept,
      body: expect.stringContaining('channel #ops is archived'),
    });
    expect(everythingIn(world.spool)).not.toMatch(/s3cretT0ken|xyzzy42/);
    isArchived = false;
    await until('the event is delivered', async () => (await world.run(['drain'], { env })).code === 0);
    expect(existsSync(join(world.spool, 'answers/chat'))).toBe(false);
    expect(everythingIn(world.spool)).not.toContain('thanks');
  });

  test('capnhook drain puts the last answer beside a dead delivery, and tells it', async () => {
    const world = createWorld();
    const headers = { ...archived.headers, 'webhook-delivery': 'abort-message' };
    const receiver = await world.receiver(() => ({ ...archived, headers }));
    world.hooks(hooksFile(`${receiver.url}/services/T0/xyzzy42`));
    await world.run(['fire', 'complete', '-d', '1', '--id', 'evt_1']);
    const pass = await world.run(['drain'], { env: { TOKEN: 's3cretT0ken' } });
    expect(pass).toMatchObject({ code: 69, stderr: expect.stringContaining(masked) });
    expect(read(world, 'dead/chat/evt_1.why.json')).toMatchObject({
      reason: 'refused',
      message: expect.stringContaining(masked),
      answer: { event: 'evt_1', status: 422, body: expect.stringContaining('channel #ops is archived') },
    });
    expect(everythingIn(world.spool)).not.toMatch(/s3cretT0ken|xyzzy42/);
  });

  test('capnhook drain tells what a failing endpoint says', async () => {
    const world = createWorld();
    const receiver = await world.receiver(() => ({
      status: 503,
      body: 'down for \u001b[1mmaintenance\nuntil noon',
    }));
    world.hooks(hooksFile(receiver.url));
    await world.run(['fire', 'complete', '-d', '1']);
    const pass = await world.run(['drain'], { env: { TOKEN: 's3cretT0ken' } });
    expect(pass.stderr).toContain('fails: 503 (down for \\u{1b}[1mmaintenance)');
    expect(read(world, 'answers/chat.json')).toMatchObject({
      status: 503,
      body: expect.stringContaining('until noon'),
    });
  });

  test('capnhook drain delivers once what is answered with 200 and no HTTP that a parser allows', async () => {
    const world = createWorld();
    const server = await startRawServer((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\ncontent-length: 2\ncontent-length: 2\n\nok'));
    });
    onTestFinished(() => server.close());
    world.hooks(`hooks: {complete: ["${server.url}"]}`);
    await world.run(['fire', 'complete', '-d', '1']);
    expect((await world.run(['drain'])).code).toBe(0);
    expect((await world.run(['drain'])).code).toBe(0);
    expect(server.received().match(/POST/g)).toHaveLength(1);
  });

  test('capnhook drain that is killed while the body of a 200 is open does not send the event again', async () => {
    const world = createWorld();
    const server = await startRawServer((socket) => {
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc'));
    });
    onTestFinished(() => server.close());
    world.hooks(`hooks: {complete: ["${server.url}"]}`);
    await world.run(['fire', 'complete', '-d', '1']);
    const drain = world.start(['drain']);
    await until('the answer is heard', () => journalOf(world).includes('"what":"delivered"'));
    drain.kill('SIGKILL');
    await drain.ended;
    expect((await world.run(['drain'])).code).toBe(0);
    expect(server.received().match(/POST/g)).toHaveLength(1);
  });

  test('capnhook drain sends the headers that an endpoint has, whatever their names', async () => {
    const world = createWorld();
    const receiver = await world.receiver();
    world.hooks(
      `hooks: {complete: [e]}\nendpoints: {e: {url: "${receiver.url}", headers: {__proto__: p, constructor: {env: C}, Host: a.example}}}`,
    );
    await world.run(['fire', 'complete', '-d', '1']);
    await world.run(['drain'], { env: { C: 'c' } });
    const { rawHeaders = [] } = receiver.requests[0] ?? {};
    const named = Object.fromEntries(rawHeaders.map((name, at) => [`${name}:`, rawHeaders[at + 1]]));
    expect(named).toMatchObject({
      'constructor:': 'c',
      'host:': 'a.example',
      'accept:': '*/*',
      '__proto__:': 'p',
    });
  });
});
