import { describe, expect, it } from 'vitest';
import { createPlace, type Place } from '../../support/place.js';
import { type AnswerRequest, receiver } from '../../support/receiver.js';

/** A place with an endpoint, `chat`, that answers as it is told to, and deliveries for it. */
async function owing(status = 503) {
  const place = createPlace();
  let current = status;
  const answer: AnswerRequest = () => ({ status: current });
  const { url, requests } = await receiver(answer);
  place.hooks(
    `hooks: {load: chat}\nendpoints: {chat: "${url}"}\ndefaults: {retry: {schedule: [1h], jitter: 0}}\n`,
  );
  for (const id of ['e1', 'e2']) await place.run(['fire', 'load', '-d', '1', '--id', id]);
  await place.run(['drain']);
  const answers = (next: number): void => {
    current = next;
  };
  return { place, requests, answers };
}

const dead = (place: Place) => place.names('dead').filter((name) => !name.endsWith('.why.json'));

describe('capnhook retry', () => {
  it('retry --endpoint tries a parked endpoint now, by a pass where nobody drains', async () => {
    const { place, requests, answers } = await owing();
    answers(204);
    const before = requests.length;
    expect(await place.run(['retry', '--endpoint', 'chat'])).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^capnhook: chat is tried now; nobody drains, so a pass begins here\n/),
    });
    expect(requests).toHaveLength(before + 2);
  });

  it('retry ends as the pass does, and --json has its summary', async () => {
    const { place, answers } = await owing();
    expect(await place.run(['retry', '--all'])).toMatchObject({
      code: 75,
      stderr: expect.stringContaining('2 for chat (parked: 503'),
    });
    answers(204);
    const ran = await place.run(['retry', '--all', '--json']);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      version: 1,
      count: 0,
      endpoints: ['chat'],
      isDraining: false,
      drain: { delivered: 2, owed: 0 },
    });
    expect(ran.stdout.trimEnd()).not.toContain('\n');
  });

  it('retry ID of a delivery that was given up or dropped says so, and sends it', async () => {
    const { place, requests, answers } = await owing();
    await place.run(['drop', 'e1', '--yes']);
    expect(dead(place)).toEqual(['e1.json']);
    answers(204);
    const before = requests.length;
    const ran = await place.run(['retry', 'e1', '--reason', 'dropped']);
    expect(ran.stderr).toContain(
      'capnhook: 1 dead delivery queued again; chat is tried now; nobody drains, so a pass begins here\n' +
        '  Undo, for what is not sent by then: capnhook drop e1 --endpoint chat\n',
    );
    expect(requests.slice(before).map(({ headers }) => headers['webhook-id'])).toContain('e1');
    expect(dead(place)).toEqual([]);
  });

  it('retry --dead and --unclaimed leave the others, and --dry-run leaves all', async () => {
    const { place } = await owing(413);
    await place.run(['fire', 'lost', '-d', '1', '--id', 'lost']);
    await place.run(['drop', 'e1', '--yes']);
    await place.run(['drain']);
    const states = async (...options: string[]) => {
      const { code, stdout } = await place.run(['retry', '--dry-run', '--json', ...options]);
      expect(code).toBe(0);
      return (JSON.parse(stdout) as { states: object }).states;
    };
    expect(await states('--dead')).toEqual({ dead: 1 });
    expect(await states('--unclaimed')).toEqual({ unclaimed: 1 });
    expect(await states('--dead', '--unclaimed')).toEqual({ dead: 1, unclaimed: 1 });
    expect(await states('--all')).toEqual({ retry: 1, dead: 1, unclaimed: 1 });
    expect(await states('--all', '--older', '1h', '--hook', 'load')).toEqual({});
    expect([dead(place), place.names('unclaimed')]).toMatchObject([
      ['e1.json'],
      expect.arrayContaining(['lost.json']),
    ]);
  });

  it('retry without a selection is 64, of an unknown endpoint or id 66, of nothing 0 with a note', async () => {
    const { place, answers } = await owing();
    expect(await place.run(['retry'])).toMatchObject({ code: 64 });
    expect(await place.run(['retry', '--endpoint', 'chad'])).toMatchObject({
      code: 66,
      stderr: expect.stringContaining('Did you mean chat?'),
    });
    expect(await place.run(['retry', 'e3'])).toMatchObject({ code: 66 });
    answers(204);
    await place.run(['retry', '--all']);
    expect(await place.run(['retry', '--all'])).toMatchObject({
      code: 0,
      stderr: 'capnhook: nothing to retry: nothing of it is queued, dead or unclaimed\n',
    });
  });

  it('retry of a batch by its id means each of its events', async () => {
    const { place } = await owing();
    await place.run(['fire', 'load', '--ndjson', '-', '--id', 'b'], { input: '1\n2\n3\n' });
    await place.run(['drain']);
    await place.run(['drop', 'b', '--yes']);
    expect(dead(place)).toEqual(['b_1.json', 'b_2.json', 'b_3.json']);
    const { stdout } = await place.run(['retry', 'b', '--dry-run', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ count: 3, states: { dead: 3 } });
  });
});

describe('capnhook pause and resume', () => {
  it('pause knows the endpoints of the hooks file that the spool belongs to', async () => {
    const place = createPlace();
    const { url } = await receiver();
    const config = place.file(
      'other.yaml',
      `hooks: {load: "${url}", rare: chat}\nendpoints: {chat: "${url}/2"}\n`,
    );
    await place.run(['fire', 'load', '-d', '1']);
    await place.run(['drain', '--config', config]);
    expect(await place.run(['pause', 'chat', '--quiet'])).toMatchObject({ code: 0, stderr: '' });
  });

  it('pause keeps what is queued, resume lets it go, and each says how to undo it', async () => {
    const { place, requests, answers } = await owing();
    answers(204);
    const until = new Date(Date.now() + 7_200_000);
    const paused = await place.run(['pause', 'chat', '--until', until.toISOString()]);
    expect(paused).toMatchObject({
      code: 0,
      stderr: `capnhook: chat paused until ${until.toISOString()}; what is queued is kept\n  Undo: capnhook resume chat\n`,
    });
    const before = requests.length;
    expect(await place.run(['retry', '--endpoint', 'chat'])).toMatchObject({ code: 75 });
    expect(requests).toHaveLength(before);
    expect((await place.run(['resume', 'chat'])).stderr).toBe(
      'capnhook: chat resumed; the next drain tries it\n  Undo: capnhook pause chat\n',
    );
    expect(await place.run(['drain'])).toMatchObject({ code: 0 });
    expect(requests).toHaveLength(before + 2);
  });

  it('pause takes a URL from standard input, several endpoints, and a time in the future only', async () => {
    const { place } = await owing();
    place.hooks(
      'hooks: {load: [chat, audit]}\nendpoints: {chat: https://a.example/s3cret, audit: https://b.example}\n',
    );
    const ran = await place.run(['pause', '-', 'audit', '--json'], { input: 'https://a.example/s3cret\n' });
    expect(JSON.parse(ran.stdout)).toEqual({ version: 1, endpoints: ['audit', 'chat'], isDraining: false });
    expect(await place.run(['pause', 'chat', '--until', '2020-01-01'])).toMatchObject({ code: 64 });
    expect(await place.run(['pause', 'chat', '--until', 'noon'])).toMatchObject({ code: 64 });
    expect(await place.run(['pause', 'none'])).toMatchObject({ code: 66 });
    expect((await place.run(['resume', 'chat', '--dry-run'])).stderr).toBe(
      'capnhook: chat would be resumed; nothing was changed\n',
    );
  });

  it('retry of many dead deliveries names a way to stop them, and no command that would drop others', async () => {
    const { place } = await owing();
    for (let n = 0; n < 6; n += 1) await place.run(['fire', 'load', '-d', '1', '--id', `f${n}`]);
    await place.run(['drain']);
    await place.run(['drop', ...[0, 1, 2, 3, 4, 5].map((n) => `f${n}`), '--yes']);
    const { stderr } = await place.run(['retry', '--dead']);
    expect(stderr).toContain('6 dead deliveries queued again');
    expect(stderr).toContain('\n  To stop it: capnhook pause chat\n');
    expect(stderr).not.toContain('capnhook drop');
  });

  it('retry of what was deferred proposes no undoing', async () => {
    const { place } = await owing(413);
    const { stderr } = await place.run(['retry', '--all']);
    expect(stderr).toMatch(
      /^capnhook: 2 deferred deliveries queued again; chat is tried now; .*\ncapnhook: /,
    );
  });

  it('retry says that an endpoint is not tried that a person has paused, and how it goes on', async () => {
    const { place } = await owing();
    await place.run(['pause', 'chat', '--why', 'it is moved']);
    const { stderr } = await place.run(['retry', '--endpoint', 'chat']);
    expect(stderr).toMatch(
      /^capnhook: chat is not tried: \S+ paused it: it is moved; .*\n {2}To let it go on: capnhook resume chat\n/,
    );
    const { stdout } = await place.run(['retry', '--endpoint', 'chat', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ untried: [{ endpoint: 'chat', state: 'paused' }] });
  });

  it('retry says that an endpoint is not tried that is not registered', async () => {
    const { place } = await owing();
    place.hooks('hooks: {}\n');
    await place.run(['drain']);
    const { stderr } = await place.run(['retry', '--endpoint', 'chat']);
    expect(stderr).toMatch(/^capnhook: chat is not tried: it is not registered; /);
  });

  it('resume of an endpoint that is not paused says so, and proposes no pause', async () => {
    const { place } = await owing();
    expect(await place.run(['resume', 'chat'])).toMatchObject({
      code: 0,
      stderr: 'capnhook: chat was not paused; the next drain tries it\n',
    });
    await place.run(['pause', 'chat']);
    expect(await place.run(['resume', 'chat', '--spool', place.spool])).toMatchObject({
      stderr: `capnhook: chat resumed; the next drain tries it\n  Undo: capnhook pause chat --spool ${place.spool}\n`,
    });
  });
});
