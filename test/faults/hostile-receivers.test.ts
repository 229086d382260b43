/** Receivers that hang, drip, pour and tear: the real command keeps its deadline, its memory, and its word to the others. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fire } from '../../src/library/fire.js';
import { createWorld, until, type World } from '../support/world.js';
import { type HostileEndpoint, manners, startHostile } from './support/hostile-endpoints.js';
import { measure } from './support/measure.js';
import { problemsOf, readLedger } from './support/oracle.js';
import { peakOf } from './support/peak.js';

/** Long enough for a well receiver on a busy machine: it is in the same process as those that pour. */
const timeoutMs = 4_000;
/** More than the concurrency of an endpoint. */
const events = measure(6, 24);
const well = ['well-1', 'well-2'];
/** Larger than what the kernel takes for a receiver that does not read. */
const largeBytes = 8 << 20;

interface Town {
  world: World;
  hostile: ReadonlyMap<string, HostileEndpoint>;
  /** Of the well ones. */
  arrivals: Array<{ endpoint: string; id: string; body: string; at: number }>;
  accepted: ReadonlyMap<string, string>;
}

interface BuildOptions {
  schedule: string;
  /** Whether the one that does not read is first to get more than a kernel takes for it. */
  isLarge?: boolean;
}

/** Every bad endpoint there is, and two good ones, all owed the same events. */
async function build({ schedule, isLarge = false }: BuildOptions): Promise<Town> {
  const world = createWorld();
  const hostile = new Map<string, HostileEndpoint>();
  for (const [name, manner] of Object.entries(manners)) hostile.set(name, await startHostile(manner));
  const arrivals: Town['arrivals'] = [];
  const receiver = await world.receiver(({ path, headers, body, at }) => {
    arrivals.push({ endpoint: path.slice(1), id: String(headers['webhook-id']), body: body.toString(), at });
    return undefined;
  });
  const urls = [
    ...[...hostile].map(([name, { url }]) => [name, url]),
    ...well.map((name) => [name, `${receiver.url}/${name}`]),
  ];
  world.hooks(`
hooks:
  complete: [${urls.map(([name]) => name).join(', ')}]
  large: [never-reads]
endpoints:
${urls.map(([name, url]) => `  ${name}: {url: "${url}"}\n`).join('')}
defaults: {timeout: ${timeoutMs}ms, retry: {schedule: [${schedule}], jitter: 0}}
`);
  const accepted = new Map<string, string>();
  const large = Buffer.from(JSON.stringify('x'.repeat(largeBytes)));
  if (isLarge) await fire('large', large, { spool: world.spool });
  for (let n = 1; n <= events; n += 1) {
    const payload = `{"n": ${n}.0}`;
    const { id } = await fire('complete', Buffer.from(payload), { spool: world.spool });
    accepted.set(id, payload);
  }
  return { world, hostile, arrivals, accepted };
}

interface Line {
  what: string;
  endpoint: string;
  error?: string;
  ms?: number;
}

function journalOf(world: World): Line[] {
  return world
    .names('journal')
    .flatMap((name) => readFileSync(`${world.spool}/journal/${name}`, 'utf8').split('\n').slice(0, -1)) // a daemon may be writing the last
    .map((line) => JSON.parse(line) as Line);
}

/** What came to whom, as far as it was answered with 2xx: every body by event id. */
function receivedBy({ hostile, arrivals }: Town): Record<string, Map<string, string[]>> {
  const received: Record<string, Map<string, string[]>> = {};
  const note = (endpoint: string, { id, body }: { id: string; body: string }): void => {
    received[endpoint] ??= new Map();
    received[endpoint].set(id, [...(received[endpoint].get(id) ?? []), body]);
  };
  for (const arrival of arrivals) note(arrival.endpoint, arrival);
  for (const [name, endpoint] of hostile) {
    received[name] ??= new Map();
    if (manners[name]?.ends.includes('delivered'))
      for (const request of endpoint.requests()) note(name, request);
  }
  return received;
}

test('capnhook drain keeps every deadline at hostile receivers, takes a 2xx for delivered whatever follows it, decompresses nothing, and sends to the others at once', async () => {
  const town = await build({ schedule: '1h', isLarge: true });
  const { world, hostile, arrivals, accepted } = town;
  const peak = peakOf(world);
  const began = performance.now();
  const drained = await world.run(['drain'], { env: peak.env });
  const tookMs = performance.now() - began;
  console.log(
    `hostile receivers: the pass took ${Math.round(tookMs)} ms, ${Math.round(peak.mebibytes())} MiB`,
  );

  expect(drained.code).toBe(75);
  const lines = journalOf(world);
  for (const [name, { ends }] of Object.entries(manners)) {
    const mine = lines.filter(({ endpoint }) => endpoint === name);
    for (const { what, error = what } of mine) expect(ends, name).toContain(error);
    // All four that were begun at once; then it is parked.
    expect(mine.length, name).toBeGreaterThan(0);
    if (!ends.includes('delivered')) expect(mine.length, name).toBeLessThanOrEqual(4);
    else expect(mine, name).toHaveLength(events);
    // 16 MB of a kernel's buffers on the way, for each of four connections.
    expect(hostile.get(name)?.sent(), `bytes that ${name} got rid of`).toBeLessThan(events * 32e6);
    for (const { head } of hostile.get(name)?.requests() ?? []) expect(head).not.toMatch(/accept-encoding/i);
  }
  const longest = Math.max(...lines.map(({ ms = 0 }) => ms));
  expect(longest).toBeLessThan(timeoutMs + 2_000);
  expect(peak.mebibytes()).toBeLessThan(200);

  expect(arrivals).toHaveLength(events * well.length);
  const hung = lines.filter(({ error }) => error === 'TIMEOUT').length;
  expect(hung).toBeGreaterThan(0);
  const first = Math.min(...arrivals.map(({ at }) => at));
  const last = Math.max(...arrivals.map(({ at }) => at));
  expect(last - first).toBeLessThan(timeoutMs);

  expect(problemsOf({ spool: world.spool, accepted, received: receivedBy(town) })).toEqual([]);
  const { owed, dead } = readLedger(world.spool);
  expect([...dead]).toEqual([]);
  const failing = Object.values(manners).filter(({ ends }) => !ends.includes('delivered'));
  expect(owed.size).toBe(failing.length * events + 1);
});

test('capnhook drain --daemon goes on beside hostile receivers, and delivers everything when they behave', async () => {
  const town = await build({ schedule: '200ms' });
  const { world, hostile, accepted, arrivals } = town;
  const daemon = world.start(['drain', '--daemon']);
  await until('the well ones have all', () => arrivals.length === events * well.length);
  await until('every hostile one was tried', () =>
    [...hostile.keys()].every((name) => journalOf(world).some(({ endpoint }) => endpoint === name)),
  );
  for (const endpoint of hostile.values()) endpoint.behave();
  await until('nothing is owed', () => readLedger(world.spool).owed.size === 0);
  daemon.kill('SIGTERM');
  expect((await daemon.ended).code).toBe(143);
  const { incoming, dead, corrupt } = readLedger(world.spool);
  expect([...incoming, ...dead, ...corrupt]).toEqual([]);
  const delivered = journalOf(world).filter(({ what }) => what === 'delivered');
  expect(delivered).toHaveLength(accepted.size * (hostile.size + well.length));
  for (const [name, endpoint] of hostile) {
    const ids = new Set(endpoint.requests().map(({ id }) => id));
    expect(ids, name).toEqual(new Set(accepted.keys()));
    for (const { id, body } of endpoint.requests()) expect(accepted.get(id)).toContain(body);
  }
});
