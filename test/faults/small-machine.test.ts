/** Machines on which threads, processes or addresses are scarce. */
import { describe, expect } from 'vitest';
import { startRawServer } from '../support/receiver.js';
import { createWorld } from '../support/world.js';
import { testWith } from './support/test-with.js';

const limited = testWith({ commands: ['prlimit'] });

/** A user of its own, whose processes nobody else's are counted with. */
const asNobody = testWith({ root: true, commands: ['prlimit', 'setpriv'] });

describe('capnhook drain on a small machine', () => {
  limited(
    'it sends where the address space is too small for WebAssembly, over http and to a closed port',
    async () => {
      const world = createWorld();
      const receiver = await world.receiver(({ headers }) =>
        headers['capnhook-hook'] === 'bad' ? { status: 503 } : undefined,
      );
      world.hooks(
        `hooks: {complete: "${receiver.url}/in?x=1", bad: "${receiver.url}/bad", closed: "http://127.0.0.1:1/"}\n`,
      );
      for (const hook of ['complete', 'bad', 'closed']) await world.run(['fire', hook, '-d', '{"id":1}']);
      const prefix = ['prlimit', `--as=${5 * 2 ** 30}`];
      const { code, stderr } = await world.run(['drain'], { prefix });
      expect(code).toBe(75);
      expect(stderr).toContain('ECONNREFUSED');
      expect(stderr).toContain('503');
      expect(stderr).not.toContain('UNKNOWN');
      const sent = receiver.requests.find(({ path }) => path === '/in?x=1');
      expect(sent?.body.toString()).toBe('{"id":1}');
      expect(sent?.headers).toMatchObject({
        'content-type': 'application/json',
        'content-length': '8',
        host: receiver.url.replace('http://', ''),
      });
    },
  );

  limited('it sends where WebAssembly is switched off', async () => {
    const world = createWorld();
    const receiver = await world.receiver();
    world.hooks(`hooks: {complete: "${receiver.url}/"}\n`);
    for (const id of ['e1', 'e2', 'e3']) await world.run(['fire', 'complete', '-d', '1', '--id', id]);
    const drained = await world.run(['drain'], { env: { NODE_OPTIONS: '--jitless' } });
    expect(drained).toMatchObject({ code: 0 });
    expect(receiver.requests).toHaveLength(3);
  });

  limited('it hears a 2xx whatever follows it, without WebAssembly as well', async () => {
    const world = createWorld();
    const odd = [
      'HTTP/1.1 200 OK\ncontent-length: 2\n\nok',
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nok',
      'HTTP/1.1 200 OK\r\nno header\r\n\r\n',
      'HTTP/1.1 204 ',
    ];
    const urls: string[] = [];
    for (const answer of odd) {
      const { url } = await startRawServer((socket) => void socket.once('data', () => socket.end(answer)));
      urls.push(url);
    }
    world.hooks(JSON.stringify({ hooks: { complete: urls } }));
    await world.run(['fire', 'complete', '-d', '1']);
    const drained = await world.run(['drain', '--json'], { env: { NODE_OPTIONS: '--jitless' } });
    expect(drained).toMatchObject({ code: 0 });
    expect(JSON.parse(drained.stdout)).toMatchObject({ delivered: odd.length, failed: 0 });
  });

  asNobody('it sends with few threads', async () => {
    const world = createWorld();
    const receiver = await world.receiver();
    world.hooks(`hooks: {complete: "${receiver.url}/"}\n`);
    await world.sh('chmod -R a+rwX . && chmod a+rx "$(dirname "$PWD")"');
    const user = ['setpriv', '--reuid=64321', '--regid=64321', '--clear-groups'];
    const prefix = [...user, 'prlimit', '--nproc=45'];
    expect(await world.run(['fire', 'complete', '-d', '1'], { prefix: user })).toMatchObject({ code: 0 });
    expect(await world.run(['drain'], { prefix })).toMatchObject({ code: 0 });
    expect(receiver.requests).toHaveLength(1);
  });
});
