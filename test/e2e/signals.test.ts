import { describe, expect, test } from 'vitest';
import { startRawServer } from '../support/receiver.js';
import { createWorld, gate } from '../support/world.js';

const large = JSON.stringify('x'.repeat(300_000));

describe('capnhook drain under a signal', () => {
  test.each(['SIGUSR1', 'SIGUSR2'] as const)(
    '%s does no harm to a daemon: no debugger listens, and it goes on',
    async (signal) => {
      const world = createWorld();
      const receiver = await world.receiver();
      world.hooks(`hooks: {complete: "${receiver.url}"}\n`);
      const daemon = world.start(['drain', '--daemon']);
      await daemon.says('started');
      daemon.kill(signal);
      await world.run(['fire', 'complete', '-d', '1']);
      await receiver.waitFor(1);
      daemon.kill('SIGTERM');
      const { code, stderr } = await daemon.ended;
      expect(code).toBe(143);
      expect(stderr).not.toContain('Debugger');
    },
  );

  test.for([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s: it claims no more, finishes what is in flight and exits %i', async ([signal, code]) => {
    const world = createWorld();
    const { open, held } = gate();
    const receiver = await world.receiver(held);
    world.hooks(`hooks: {complete: "${receiver.url}"}\ndefaults: {concurrency: 2}\n`);
    const lines = Array.from({ length: 10 }, () => large).join('\n');
    await world.run(['fire', 'complete', '--ndjson', '-'], { input: lines });

    const drain = world.start(['drain']);
    await receiver.waitFor(2);
    drain.kill(signal);
    open();
    expect(await drain.ended).toMatchObject({ code });
    // What was in flight has been delivered and removed; the rest is there.
    const delivered = receiver.requests.length;
    expect(delivered).toBeLessThan(10);
    expect(await world.run(['drain'])).toMatchObject({ code: 0 });
    expect(receiver.requests).toHaveLength(10);
    expect(new Set(receiver.requests.map(({ headers }) => headers['webhook-id'])).size).toBe(10);
    for (const { body } of receiver.requests) expect(body.toString()).toBe(large);
  });

  test('a daemon that is stopped waits for no attempt that has no connection yet', async () => {
    const world = createWorld();
    const shy = await startRawServer(() => undefined);
    world.hooks(`hooks: {complete: "${shy.url.replace('http:', 'https:')}"}\n`);
    await world.run(['fire', 'complete', '-d', '1']);
    const daemon = world.start(['drain', '--daemon']);
    while (shy.received() === '') await new Promise((resolve) => setTimeout(resolve, 20));
    const stoppedAt = performance.now();
    daemon.kill('SIGTERM');
    expect(await daemon.ended).toMatchObject({ code: 143 });
    expect(performance.now() - stoppedAt).toBeLessThan(7_000); // the time of grace is 10 s
  });

  test('a second signal cuts off what is in flight, loses nothing, and the exit code is that of the one heard first', async () => {
    const world = createWorld();
    let silent = true;
    const receiver = await world.receiver(() => (silent ? new Promise(() => undefined) : undefined));
    await world.run(['register', 'complete', receiver.url]);
    await world.run(['fire', 'complete', world.file('p.json', large), '--id', 'e1']);

    const drain = world.start(['drain']);
    await receiver.waitFor(1);
    // The kernel merges two of the same kind, and hands over two of different kinds in the order it likes.
    drain.kill('SIGINT');
    drain.kill('SIGTERM');
    expect([130, 143]).toContain((await drain.ended).code);
    silent = false;
    expect(await world.run(['drain'])).toMatchObject({ code: 0 });
    expect(receiver.requests.map(({ headers, body }) => [headers['webhook-id'], body.toString()])).toEqual([
      ['e1', large],
      ['e1', large],
    ]);
  });

  test('a grace time that is over cuts off what is in flight, too', async () => {
    const world = createWorld();
    const receiver = await world.receiver(() => new Promise(() => undefined));
    await world.run(['register', 'complete', receiver.url]);
    await world.run(['fire', 'complete', '-d', '1', '--id', 'e1']);
    const drain = world.start(['drain', '--grace', '1ms']);
    await receiver.waitFor(1);
    drain.kill('SIGINT');
    expect(await drain.ended).toMatchObject({ code: 130 });
    const [endpoint] = world.names('queue');
    expect(world.names(`queue/${endpoint}/00000001`)).toEqual(['e1.json']);
  });

  test.each([
    ['Ctrl-C', '\\003', 130],
    ['Ctrl-D', '\\004', 0],
  ])('%s at the question of capnhook flush moves nothing', async (_, key, code) => {
    const world = createWorld();
    await world.run(['fire', 'complete', '-d', '1', '--id', 'e1']);
    const script = `
      cd "${world.root}"; n=0
      { until grep -q 'y/N' typed || [ $n -gt 400 ]; do n=$((n + 1)); sleep 0.05; done
        printf '${key}'; sleep 1; } 2>/dev/null | script -qfec "'$NODE' '$BIN' flush" typed`;
    const flushed = await world.sh(script);
    expect(flushed.stdout).toMatch(/y\/N\].*\r\n+capnhook: nothing was flushed\r\n$/s);
    expect(flushed.code).toBe(code);
    expect(world.names('incoming')).toEqual(['e1.json']);
  });

  test('Ctrl-C, a SIGINT for the whole process group, ends a shell and its drain; nothing is lost', async () => {
    const world = createWorld();
    let silent = true;
    const receiver = await world.receiver(() => (silent ? new Promise(() => undefined) : undefined));
    await world.run(['register', 'complete', receiver.url]);
    await world.run(['fire', 'complete', '-d', '1', '--id', 'e1']);
    const shell = world.exec('setsid', [
      'sh',
      '-c',
      `echo $$ > "${world.root}/group"; "$NODE" "$BIN" drain --grace 50ms; echo not reached`,
    ]);
    await receiver.waitFor(1);
    const killed = await world.sh(`kill -INT -"$(cat "${world.root}/group")"`);
    expect(killed.code).toBe(0);
    expect((await shell).stdout).not.toContain('not reached');
    silent = false;
    expect(await world.run(['drain'])).toMatchObject({ code: 0 });
    expect(receiver.requests).toHaveLength(2);
  });
});
