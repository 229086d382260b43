/** What each command prints with `--json`, checked against its schema. */
import { describe, expect, test } from 'vitest';
import { documentsIn, misfits } from '../support/json-schemas.js';
import { createPlace, type Place } from '../support/place.js';
import { startReceiver } from '../support/receiver.js';

const url = 'http://127.0.0.1:9/in';

/** Runs a command, whose output must fit its schema. @returns its documents */
async function fitting(place: Place, argv: readonly string[], schema = argv[0] ?? ''): Promise<object[]> {
  const { stdout } = await place.run([...argv, '--json']);
  const documents = documentsIn(stdout);
  expect(documents.length).toBeGreaterThan(0);
  for (const document of documents) expect(misfits(schema, document)).toEqual([]);
  return documents;
}

describe('--json', () => {
  test('of each command on its usual way fits its schema', async () => {
    const place = createPlace();
    await fitting(place, ['init']);
    await fitting(place, ['register', 'complete', url]);
    await fitting(place, ['targets']);
    await fitting(place, ['targets', '--show-urls']);
    await fitting(place, ['fire', 'complete', '-d', '1']);
    await fitting(place, ['status']);
    const [failed] = await fitting(place, ['drain']);
    expect(failed).toMatchObject({ owed: 1, queues: [{ why: 'parked' }] });
    await fitting(place, ['status', '--show-urls']);
    await fitting(place, ['deregister', `${url}s`]);
    await fitting(place, ['pause', url, '--until', '2h']);
    await fitting(place, ['resume', url]);
    await fitting(place, ['drop', '--all', '--dry-run']);
    await fitting(place, ['drop', '--all', '--yes']);
    expect(await fitting(place, ['retry', '--dead'])).toMatchObject([{ count: 1, drain: { owed: 1 } }]);
    await fitting(place, ['retry', '--all', '--dry-run']);
    await fitting(place, ['replay', '--all', '--dry-run']);
    await fitting(place, ['replay', '--since', '1h']);
    await fitting(place, ['export', `${place.spool}.archive`]);
    await fitting(place, ['import', `${place.spool}.archive`]);
    await fitting(place, ['flush', '--yes']);
    await fitting(place, ['purge', '--dead', '--dry-run']);
    await fitting(place, ['purge', '--dead', '--corrupt', '--yes']);
    await fitting(place, ['deregister', url, '--dry-run']);
    await fitting(place, ['deregister', url]);
    expect(await fitting(place, ['stop'])).toEqual([{ version: 1, stopped: false }]);
  });

  test('of a drain that delivers fits its schema', async () => {
    const place = createPlace();
    const receiver = await startReceiver();
    await place.run(['fire', receiver.url, '-d', '1']);
    expect(await fitting(place, ['drain'])).toMatchObject([{ delivered: 1 }]);
    await receiver.close();
  });

  test('of a drain that cannot begin has the error in its summary', async () => {
    const place = createPlace();
    place.hooks('hoks: {}\n');
    await place.run(['fire', 'complete', '-d', '1']);
    const [summary] = await fitting(place, ['drain']);
    expect(summary).toMatchObject({ waiting: 1, error: { code: 'HOOKS_FILE', problems: expect.any(Array) } });
  });
});

describe('--json of a failure', () => {
  test.each<[string[], string]>([
    [['fire', 'complete'], 'USAGE'],
    [['fire', 'complete', '-d', '{'], 'BAD_PAYLOAD'],
    [['fire', 'complete', 'none.json'], 'NO_INPUT'],
    [['register', 'a/b', url], 'USAGE'],
    [['targets', 'none'], 'NO_INPUT'],
    [['drain', '--wait', 'long'], 'USAGE'],
    [['init', '--shared'], 'USAGE'],
    [['start', '--spool', '/nowhere/spool'], 'SPOOL_CREATE'],
  ])('%j is an envelope on standard output, and one line on standard error', async (argv, code) => {
    const place = createPlace();
    place.hooks('hooks: {complete: [http://127.0.0.1:9/in]}\n');
    const ran = await place.run([...argv, '--json']);
    const documents = documentsIn(ran.stdout);
    expect(documents).toEqual([{ version: 1, error: expect.objectContaining({ code }) }]);
    expect(misfits('error', documents[0])).toEqual([]);
    expect(ran.stderr).toMatch(/^capnhook: .+\n$/);
    expect(ran.code).toBeGreaterThan(1);
  });

  test.each<[string[], string]>([
    [['fier', '--json'], "unknown command 'fier'\n(Did you mean fire?)"],
    [['--json', 'drain', '--deamon'], "unknown option '--deamon'\n(Did you mean --daemon?)"],
    [['register', '--json'], "missing required argument 'hook'"],
    [['--json'], 'no command is given'],
  ])('%j, which cannot be parsed, is an envelope too', async (argv, message) => {
    const ran = await createPlace().run(argv);
    expect(ran.code).toBe(64);
    expect(documentsIn(ran.stdout)).toEqual([
      { version: 1, error: { code: 'USAGE', message, hint: 'Add --help for all of it.' } },
    ]);
  });

  test('says no URL, and is asked for by CAPNHOOK_JSON too', async () => {
    const secret = 'a.example/s3cret';
    const ran = await createPlace().run(['drain', secret], { env: { CAPNHOOK_JSON: '1' } });
    expect(documentsIn(ran.stdout)).toHaveLength(1);
    expect(ran.stdout + ran.stderr).not.toContain('s3cret');
    expect((await createPlace().run(['fire', '--', '--json'])).stdout).toBe('');
  });
});
