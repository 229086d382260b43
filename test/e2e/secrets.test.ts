import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import { filesWith } from '../support/tree.js';
import { createWorld, type World } from '../support/world.js';

const secrets = ['first', 'second'].map(
  (word) => `whsec_${Buffer.from(`the ${word} secret of them all`).toString('base64')}`,
);
const [fromEnv = '', fromFile = ''] = secrets;
const hiddenPath = 'hidden-path-T00-B00';
const token = 'token-that-nobody-may-see';

/** Everything that nobody may see. */
const hidden = [...secrets, hiddenPath, token, ...secrets.map((secret) => secret.slice('whsec_'.length))];

function hooksFor(world: World, url: string): void {
  const file = world.file('secrets/two', `${fromFile}\n`);
  world.hooks(`
hooks: {complete: [signed, plain]}
endpoints:
  signed:
    url: ${url}/${hiddenPath}/signed?key=${token}
    headers: {Authorization: {env: TOKEN}}
    sign: [{env: SECRET_ONE}, {file: ${file}}]
  plain: {url: {env: PLAIN_URL}}
defaults: {retry: {schedule: [300ms], jitter: 0}}
`);
}

describe('signatures', () => {
  test('capnhook drain signs with each secret, anew at each attempt; standardwebhooks accepts all of them', async () => {
    const world = createWorld();
    let failures = 2;
    const receiver = await world.receiver(() => ({ status: failures-- > 0 ? 500 : 204 }));
    world.hooks(`
hooks: {complete: [{url: "${receiver.url}", sign: [{env: SECRET_ONE}, {file: ${world.file('two', `${fromFile}\n`)}}]}]}
defaults: {retry: {schedule: [1ms], jitter: 0}}
`);
    const env = { SECRET_ONE: fromEnv };
    const payload = '{ "n": 12345678901234567890, "text": "äöü" }';
    await world.run(['fire', 'complete', '-d', payload]);
    expect(await world.run(['drain', '--wait', '20s'], { env })).toMatchObject({ code: 0 });

    expect(receiver.requests).toHaveLength(3);
    for (const { headers, body } of receiver.requests) {
      const signed = headers as Record<string, string>;
      expect(signed['webhook-signature']?.split(' ')).toHaveLength(2);
      for (const secret of secrets)
        expect(() => new Webhook(secret).verify(body.toString(), signed)).not.toThrow();
      const [one, two] = signed['webhook-signature']?.split(' ') ?? [];
      for (const [secret, signature] of [
        [fromFile, one],
        [fromEnv, two],
      ] as const) {
        const other = { ...signed, 'webhook-signature': signature ?? '' };
        expect(() => new Webhook(secret).verify(body.toString(), other)).toThrow();
      }
      expect(() => new Webhook(fromEnv).verify(`${body} `, signed)).toThrow();
    }
    expect(receiver.requests.map(({ body }) => body.toString())).toEqual([payload, payload, payload]);
  });

  test('the wrong kind of secret is told by its reference, and never sent', async () => {
    const world = createWorld();
    const receiver = await world.receiver();
    world.hooks(`hooks: {complete: [{url: "${receiver.url}", sign: {env: SECRET_ONE}}]}\n`);
    await world.run(['fire', 'complete', '-d', '1']);
    const drained = await world.run(['drain'], { env: { SECRET_ONE: token } });
    expect(drained.code).toBe(78);
    expect(drained.stderr).toContain('SECRET_ONE');
    expect(drained.stderr).not.toContain(token);
    expect(receiver.requests).toEqual([]);
  });
});

describe('secrets and URLs', () => {
  /** The spool and whatever lies beside it (the log), but not the hooks file, where URLs belong. */
  const state = (world: World): string => `${world.home}/.local`;

  test.for([
    'it delivers',
    'the receiver answers 500',
    'the receiver answers 400',
    'the receiver is down',
    'the secrets are missing',
  ])('appear nowhere in the spool, the journal, the log or what is said while %s', async (how) => {
    const world = createWorld();
    const status = { 'the receiver answers 500': 500, 'the receiver answers 400': 400 }[how] ?? 204;
    const receiver = await world.receiver(() => ({ status, body: `you said ${hiddenPath}` }));
    hooksFor(world, receiver.url);
    if (how === 'the receiver is down') await receiver.close();
    const missing = how === 'the secrets are missing';
    const env = missing
      ? {}
      : { SECRET_ONE: fromEnv, TOKEN: token, PLAIN_URL: `${receiver.url}/${hiddenPath}/plain` };

    const said: string[] = [];
    const run = async (...args: string[]): Promise<number | string> => {
      const { code, stdout, stderr } = await world.run(args, { env });
      said.push(stdout, stderr);
      return code;
    };
    await run('fire', 'complete', '-d', '1', '-v');
    expect(await run('drain', '-v', '--json')).toBe(how === 'it delivers' ? 0 : missing ? 78 : 75);
    expect(await run('start', '-v')).toBe(0);
    await run('fire', 'complete', '-d', '2', '-v');
    expect(await run('stop', '-v')).toBe(0);
    await run('targets');
    await run('targets', '--json');
    await run('deregister', 'signed', '-v');
    await run('drain', '-v');

    for (const text of hidden) {
      expect(filesWith(state(world), text), text).toEqual([]);
      expect(said.join(''), text).not.toContain(text);
    }
    expect(filesWith(state(world), '"what":').length, 'the journal was written').toBeGreaterThan(0);
    if (how === 'it delivers') expect(receiver.requests[0]?.path).toContain(hiddenPath);
  });

  test('appear in no message on a URL, a hooks file or an argument that is wrong', async () => {
    const world = createWorld();
    const wrong = [
      ['fire', `ftp://127.0.0.1/${hiddenPath}`, '-d', '1'],
      ['fire', '--to', `https://[${hiddenPath}`, '-d', '1'],
      ['fire', 'complete', `https://127.0.0.1/${hiddenPath}`],
      ['fire', 'complete', '-d', '1', `https://127.0.0.1/${hiddenPath}`],
      ['register', `https://127.0.0.1/${hiddenPath}`, 'complete'],
      ['register', 'complete', `https://127.0.0.1:99999/${hiddenPath}`],
      ['deregister', `https://127.0.0.1/${hiddenPath}`],
      ['drain', `https://127.0.0.1/${hiddenPath}`],
    ];
    for (const args of wrong) {
      const ended = await world.run(args);
      expect(ended.stderr + ended.stdout, args.join(' ')).not.toContain(hiddenPath);
    }
  });

  test('capnhook --show-urls shows URLs to whoever asks', async () => {
    const world = createWorld();
    await world.run(['register', 'complete', `http://127.0.0.1:9/${hiddenPath}`]);
    expect((await world.run(['targets'])).stdout).toMatch(
      /^complete\thttp:\/\/127\.0\.0\.1:9 \(127\.0\.0\.1~[0-9a-f]{12}\)\n$/,
    );
    expect((await world.run(['targets', '--show-urls'])).stdout).toContain(
      `http://127.0.0.1:9/${hiddenPath}`,
    );
  });
});
