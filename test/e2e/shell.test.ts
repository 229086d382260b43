import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { mayNotRunAs, mayRunAs } from '../support/others.js';
import { createWorld } from '../support/world.js';

describe('a plain shell', () => {
  test('printf and mv into incoming/ fire an event that the next capnhook drain delivers', async () => {
    const world = createWorld();
    const receiver = await world.receiver();
    await world.run(['register', 'complete', receiver.url]);
    await world.run(['init']);
    const payload = '{"id": 12345678901234567890,\n "text": "a \\"quoted\\" text, 100 % of it \\\\ äöü 🏴‍☠️"}';
    world.file('p.json', `${payload}\n`);

    const script = `cd "${world.spool}" &&
      printf '{"hook":"complete",\\n"payload":%s\\n}\\n' "$(cat ../../../../../p.json)" > tmp/x && mv tmp/x incoming/x.json`;
    expect(await world.sh(script)).toMatchObject({ code: 0, stderr: '' });
    expect(await world.run(['drain'])).toMatchObject({ code: 0 });

    expect(receiver.requests.map(({ body }) => body.toString())).toEqual([payload]);
    expect(receiver.requests[0]?.headers['webhook-id']).toMatch(/^evt_/);
    expect(receiver.requests[0]?.headers['capnhook-hook']).toBe('complete');
    expect(world.names('corrupt')).toEqual([]);
  });

  test('an event file in any JSON layout, as jq writes it, is delivered with its payload as it stands there', async () => {
    const world = createWorld();
    const receiver = await world.receiver();
    await world.run(['register', 'complete', receiver.url]);
    await world.run(['init']);
    const payload = '{\n    "a": 1.0,\n    "a": [\n      {}\n    ]\n  }';
    const layouts: Record<string, string> = {
      'jq.json': `{\n  "payload": ${payload},\n  "hook": "complete",\n  "id": "jq"\n}\n`,
      'dense.json': `{"id":"dense","payload":${payload},"hook":"complete"}`,
      'nested.json': `{"id":"nested","hook":"complete","payload":{"payload":{"hook":"other","payload":"\\"payload\\":1"}}}`,
      'escaped.json': `{"id":"escaped","\\u0068ook":"complete","p\\u0061yload":  null  }`,
    };
    for (const [name, text] of Object.entries(layouts))
      world.file(`home/.local/state/capnhook/spool/incoming/${name}`, text);
    expect(await world.run(['drain'])).toMatchObject({ code: 0 });

    const got = receiver.requests.map(({ headers, body }) => [headers['webhook-id'], body.toString()]);
    expect(Object.fromEntries(got)).toEqual({
      jq: payload,
      dense: payload,
      nested: '{"payload":{"hook":"other","payload":"\\"payload\\":1"}}',
      escaped: 'null',
    });
  });

  test('an event file made with the real jq is delivered', async ({ skip }) => {
    const world = createWorld();
    const hasJq = (await world.sh('command -v jq')).code === 0;
    skip(!hasJq, 'there is no jq here');
    const receiver = await world.receiver();
    await world.run(['register', 'complete', receiver.url]);
    await world.run(['init']);
    const script = `printf '{"id":7}' | jq '{hook: "complete", payload: .}' > "${world.spool}/tmp/x" &&
      mv "${world.spool}/tmp/x" "${world.spool}/incoming/x.json"`;
    expect(await world.sh(script)).toMatchObject({ code: 0 });
    expect(await world.run(['drain'])).toMatchObject({ code: 0 });
    expect(receiver.requests.map(({ body }) => JSON.parse(body.toString()))).toEqual([{ id: 7 }]);
  });

  test('ls, mv and cat work on the spool: a dead delivery that is moved to incoming/ is sent again', async () => {
    const world = createWorld();
    let status = 410;
    const receiver = await world.receiver(() => ({ status }));
    await world.run(['register', 'complete', receiver.url]);
    await world.run(['fire', 'complete', '-d', '{"id":1}', '--id', 'e1']);
    expect(await world.run(['drain'])).toMatchObject({ code: 75 });
    world.hooks('hooks: {}\ndefaults: {hold: {keep: 0s}}\n');
    expect(await world.run(['drain'])).toMatchObject({ code: 69 });
    status = 204;
    const other = await world.receiver();
    await world.run(['register', 'complete', other.url]);
    const moved = await world.sh(
      `cd "${world.spool}" && grep -l '"id":1' dead/*/e1.json && mv dead/*/e1.json incoming/`,
    );
    expect(moved.code).toBe(0);
    expect(await world.run(['drain'])).toMatchObject({ code: 0 });
    expect(other.requests.map(({ body }) => body.toString())).toEqual(['{"id":1}']);
  });

  test('capnhook fire in a while read loop leaves the loop its standard input', async () => {
    const world = createWorld();
    const script = `printf 'one\\ntwo\\nthree\\n' | while read -r word; do capnhook fire complete -d "\\"$word\\"" --id "$word"; done`;
    expect(await world.sh(script)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(world.names('incoming')).toEqual(['one.json', 'three.json', 'two.json']);
  });

  test('capnhook fire x - reads the payload from a pipe, from a file and from nothing', async () => {
    const world = createWorld();
    const file = world.file('p.json', '[2]\n');
    const script = `printf '[1]' | capnhook fire x - --id a && capnhook fire x - --id b < "${file}"; capnhook fire x - < /dev/null`;
    const fired = await world.sh(script);
    expect(fired.code).toBe(65);
    expect(fired.stderr).toMatch(/empty/);
    expect(world.names('incoming')).toEqual(['a.json', 'b.json']);
    const stored = readFileSync(join(world.spool, 'incoming/b.json'), 'utf8');
    expect(stored.split('\n')[1]).toBe('"payload":[2]');
  });

  test('capnhook fire exits 66 for a payload file that is missing, and names what stands there instead', async () => {
    const world = createWorld();
    const missing = await world.run(['fire', 'complete', 'nowhere.json']);
    expect(missing.code).toBe(66);
    expect(missing.stderr).toContain('nowhere.json');
    const inline = await world.run(['fire', 'complete', '{"id":1}']);
    expect(inline.code).toBe(66);
    expect(inline.stderr).toContain('--data');
    expect((await world.run(['fire', 'complete', '.'])).code).toBe(66);
    expect(world.names('incoming')).toEqual([]);
  });
});

describe('standard output that nobody reads', () => {
  const many = `{ capnhook targets; echo "$?" > code; } | head -1; cat code`;

  test('capnhook targets | head -1 ends with 0 and without a word', async () => {
    const world = createWorld();
    const hooks = Array.from({ length: 5_000 }, (_, n) => `  hook-${n}: http://127.0.0.1:9/${n}\n`);
    world.hooks(`hooks:\n${hooks.join('')}`);
    expect(await world.sh(many)).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^hook-0\t.*\n0\n$/),
      stderr: '',
    });
  });

  test('capnhook with standard output or error closed does its work all the same', async () => {
    const world = createWorld();
    const receiver = await world.receiver();
    const script = `
      capnhook register complete "${receiver.url}" >&- 2>&- || exit 1
      capnhook fire complete -d 1 --json >&- || exit 2
      capnhook fire complete -d 2 >&- 2>&- <&- || exit 3
      capnhook targets >&- 2>&- || exit 4
      capnhook drain -v --json >&- 2>&- <&- || exit 5`;
    expect(await world.sh(script)).toMatchObject({ code: 0 });
    expect(receiver.requests.map(({ body }) => body.toString()).sort()).toEqual(['1', '2']);
  });

  test('what was asked for and cannot be written is an error, what was done is not', async () => {
    const world = createWorld();
    world.hooks('hooks: {complete: ["http://127.0.0.1:9/"]}\n');
    for (const asked of ['shellenv', 'targets', 'targets --json'])
      expect(await world.sh(`capnhook ${asked} > /dev/full`)).toEqual({
        code: 74,
        stdout: '',
        stderr: expect.stringMatching(/^capnhook: Cannot write to standard output \(ENOSPC\)\n/),
      });
    const script = `
      capnhook fire complete -d 1 --json > /dev/full || exit 1
      capnhook flush --yes --json > /dev/full || exit 2
      capnhook drain --json > /dev/full || exit 3`;
    expect(await world.sh(script)).toEqual({ code: 0, stdout: '', stderr: expect.any(String) });
  });

  test('capnhook --help | true ends with 0', async () => {
    const world = createWorld();
    expect(await world.sh(`{ capnhook --help; echo "$?" > code; } | true; cat code`)).toMatchObject({
      stdout: '0\n',
    });
  });
});

describe('an environment with little in it', () => {
  test('env -i: capnhook finds the files of the user by the user database, and works with places that are named', async () => {
    const world = createWorld();
    const receiver = await world.receiver();
    const script = `
      set -- --config "${world.config}" --spool "${world.spool}"
      bare() { env -i "$NODE" "$BIN" "$@"; }
      bare register complete "${receiver.url}" "$@" && bare fire complete -d '{"id":1}' "$@" && bare drain "$@"`;
    expect(await world.sh(script)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(receiver.requests).toHaveLength(1);
  });

  test('an unset HOME is no trouble where the places are named by CAPNHOOK_SPOOL and CAPNHOOK_CONFIG', async () => {
    const world = createWorld();
    const receiver = await world.receiver();
    const env = { HOME: undefined, CAPNHOOK_SPOOL: world.spool, CAPNHOOK_CONFIG: world.config };
    for (const args of [['register', 'complete', receiver.url], ['fire', 'complete', '-d', '1'], ['drain']]) {
      expect(await world.run(args, { env })).toEqual({ code: 0, stdout: '', stderr: '' });
    }
    expect(receiver.requests).toHaveLength(1);
  });

  test('XDG_STATE_HOME and XDG_CONFIG_HOME say where the spool and the hooks file are', async () => {
    const world = createWorld();
    const receiver = await world.receiver();
    const env = {
      HOME: '',
      XDG_STATE_HOME: join(world.root, 'state'),
      XDG_CONFIG_HOME: join(world.root, 'config'),
    };
    for (const args of [
      ['register', 'complete', receiver.url],
      ['fire', 'complete', '-d', '1'],
    ]) {
      expect(await world.run(args, { env })).toMatchObject({ code: 0 });
    }
    expect(readFileSync(join(world.root, 'config/capnhook/hooks.yaml'), 'utf8')).toContain(receiver.url);
    expect(readFileSync(join(world.root, 'state/capnhook/spool/VERSION'), 'utf8')).toBe('capnhook-spool 1\n');
  });

  test('capnhook fire by a user of whom nothing is known exits 73 with one clear line, and queues nothing', async ({
    skip,
  }) => {
    const world = createWorld();
    const stranger = ['setpriv', '--reuid=54321', '--regid=54321', '--clear-groups', 'env', '-i'];
    skip(!(await mayRunAs(world, stranger)), mayNotRunAs);
    const fired = await world.run(['fire', 'complete', '-d', '1'], { prefix: stranger });
    expect(fired.code).toBe(73);
    expect(fired.stderr).toMatch(/^capnhook: Cannot tell where your files are: .*HOME.*\n {2}\S.*\n$/);
  });
});
