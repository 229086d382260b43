/** The file spool does what the memory spool does, whatever is asked of both and in whatever order. */
import { rmSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { batchMemberId } from '../../../src/event/event-id.js';
import { createMemorySpool } from '../../../src/spool/memory/memory-spool.js';
import type { Delivery, DrainSide, Spool } from '../../../src/spool/spool.js';
import { event } from '../../support/builders.js';
import { own } from '../../support/own.js';
import { fanOutAll, madeSpool, quickDir, sideOf, spoolAt } from '../../support/spool-kit.js';

const endpoints = ['a', 'b'];

/** A spool that is joined, and the deliveries that are claimed just now. */
interface Side {
  spool: Spool;
  side: DrainSide;
  claimed: Delivery[];
}

interface Both {
  file: Side;
  memory: Side;
  /** Each deferral gets a due time of its own: of equal ones, either may come first. */
  nextDueMs: number;
  /** The ids of all events so far. */
  fired: string[];
}

type Step = (both: Both) => Promise<void>;

async function underTest(spool: Spool): Promise<Side> {
  return { spool, side: await sideOf(spool), claimed: [] };
}

function both(action: (each: Side) => Promise<unknown>): Step {
  return async ({ file, memory }) => {
    expect(await action(file)).toEqual(await action(memory));
  };
}

function shown({ event: { id, hook, time, payload }, endpoint, attempts, acceptedAt }: Delivery): unknown {
  return { id, hook, time, payload: Buffer.from(payload).toString(), endpoint, attempts, acceptedAt };
}

/** Both sides claim the same deliveries in the same order, so a position tells the same one in both. */
function settle(index: number, how: (side: DrainSide, delivery: Delivery) => unknown): Step {
  return both(async ({ side, claimed }) => {
    const [delivery] = claimed.splice(index % Math.max(claimed.length, 1), 1);
    if (delivery !== undefined) await how(side, delivery);
    return delivery?.event.id;
  });
}

const why = { reason: 'gave-up', message: '', attempts: 1, time: '' };
const index = fc.nat(20);

const steps: fc.Arbitrary<{ name: string; run: Step }> = fc.oneof(
  fc.nat(2).map((count) => ({
    name: `enqueue ${count + 1}`,
    async run({ file, memory, fired }: Both) {
      for (let n = 0; n <= count; n += 1) {
        const next = event();
        fired.push(next.id);
        for (const { spool } of [file, memory]) await spool.enqueue(next);
      }
    },
  })),
  fc.nat(4).map((last) => ({
    name: `enqueue a batch of ${last + 1}`,
    async run({ file, memory, fired }: Both) {
      const { payload: _, ...header } = event();
      const payloads = Array.from({ length: last + 1 }, (_each, n) => Buffer.from(String(n)));
      fired.push(...payloads.map((_each, n) => batchMemberId(header.id, n + 1)));
      for (const { spool } of [file, memory]) await spool.enqueue({ ...header, payloads });
    },
  })),
  fc.subarray(endpoints).map((to) => ({
    name: `fanOut to ${to}`,
    run: both(async ({ side }) => {
      // The file spool takes more steps, and only it checks batches.
      const { checked: _, ...all } = await fanOutAll(side, () => to);
      return all;
    }),
  })),
  fc
    .record({
      endpoint: fc.constantFrom(...endpoints),
      limit: fc.integer({ min: 1, max: 4 }),
      now: fc.nat(40),
      latest: fc.option(fc.nat(60), { nil: undefined }),
      /** Which of the events fired so far have failed. */
      failed: fc.option(fc.array(fc.nat(40), { maxLength: 6 }), { nil: undefined }),
    })
    .map(({ endpoint, limit, now, latest, failed }) => ({
      name: `claim ${limit} of ${endpoint} at ${now}, latest ${latest}, failed ${failed}`,
      run: async (under: Both) => {
        const probe = failed && [...new Set(failed.flatMap((n) => under.fired[n] ?? []))];
        const options = { limit, now, ...(latest !== undefined && { latest }), ...(probe && { probe }) };
        await both(async ({ side, claimed }) => {
          const claim = await own.claim(side, endpoint, options);
          claimed.push(...claim.deliveries);
          return { ...claim, deliveries: claim.deliveries.map(shown) };
        })(under);
      },
    })),
  fc.nat(40).map((now) => ({
    name: `acquire at ${now}`,
    run: both(({ side }) => own.acquire(side, now)),
  })),
  index.map((n) => ({ name: `done ${n}`, run: settle(n, (side, delivery) => own.done(side, delivery)) })),
  index.map((n) => ({
    name: `bury ${n}`,
    run: settle(n, (side, delivery) => own.bury(side, delivery, why)),
  })),
  index.map((n) => ({
    name: `release ${n}`,
    run: settle(n, (side, delivery) => own.giveBack(side, delivery)),
  })),
  fc.record({ n: index, attempts: fc.integer({ min: 1, max: 9 }) }).map(({ n, attempts }) => ({
    name: `defer ${n}`,
    run: async (under: Both) => {
      const dueMs = under.nextDueMs++;
      await settle(n, (side, delivery) => own.defer(side, delivery, { dueMs, attempts }))(under);
    },
  })),
  fc.constant({
    name: 'close, and open again',
    async run(under: Both) {
      for (const key of ['file', 'memory'] as const) {
        const { spool, side } = under[key];
        await side.close();
        under[key] = await underTest(spool);
      }
    },
  }),
);

/** All that can be seen without changing anything. */
async function seen({ spool, side }: Side): Promise<unknown> {
  const backlog = [];
  for await (const { endpoint, waiting, retrying, dead } of spool.backlog()) {
    if (waiting + retrying + dead > 0) backlog.push({ endpoint, waiting, retrying, dead });
  }
  backlog.sort((a, b) => (a.endpoint < b.endpoint ? -1 : 1));
  return {
    backlog,
    isWaiting: (await spool.waiting()) > 0, // a batch counts as one entry in the one, as its events in the other
    owing: [...side.byId.owing()].sort(),
    owed: await Promise.all(endpoints.map((endpoint) => side.byId.owed(endpoint))),
    nextDue: endpoints.map((endpoint) => side.byId.nextDue(endpoint)),
  };
}

for (const [what, maxNames] of [
  ['', undefined],
  [', with 8 names in memory', 8],
] as const) {
  it(`createFileSpool() and createMemorySpool() give the same answers to the same calls${what}`, async () => {
    const directory = quickDir();
    const now = () => Date.parse('2026-11-23T12:30:00.000Z'); // soon after the events
    const options = { now, ...(maxNames !== undefined && { maxNames }) };
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { maxLength: 40 }), async (plan) => {
        const parent = `${directory}/${runs++}`;
        const under: Both = {
          file: await underTest(spoolAt(madeSpool(parent), options)),
          memory: await underTest(createMemorySpool({ now })),
          nextDueMs: 1,
          fired: [],
        };
        for (const { run } of plan) {
          await run(under);
          expect(await seen(under.file)).toEqual(await seen(under.memory));
        }
        await under.file.side.close();
        rmSync(parent, { recursive: true });
      }),
      { numRuns: 150, interruptAfterTimeLimit: 15_000 },
    );
  }, 60_000);
}
