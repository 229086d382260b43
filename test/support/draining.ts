/** A drain on a spool in memory, with a sender that answers from a table, a clock that is set, and no randomness. */
import type { Attempt, AttemptResult, Sender } from '../../src/delivery/sender.js';
import { type Endpoint, endpointDefaults } from '../../src/endpoint/endpoint.js';
import type { Health } from '../../src/endpoint/health.js';
import type { Event } from '../../src/event/event.js';
import type { JournalEntry } from '../../src/journal/journal.js';
import type { Hooks } from '../../src/routing/hooks.js';
import type { HooksRefresh } from '../../src/routing/live-hooks.js';
import type { Clock } from '../../src/shared/clock.js';
import type { CutSignal } from '../../src/shared/cut.js';
import type { Intake, Taken } from '../../src/spool/intake.js';
import { createMemorySpool } from '../../src/spool/memory/memory-spool.js';
import type { DrainSide, EndpointBacklog, OwnedEndpoint, Spool, Why } from '../../src/spool/spool.js';
import { drain } from '../../src/usecases/drain/drain.js';
import type { DrainOptions, DrainSummary, Notice, Notifier } from '../../src/usecases/drain/ports.js';
import { endpoint, event } from './builders.js';

/** A clock that stands still until it is told otherwise. */
export interface FakeClock extends Clock {
  /** Time goes by. */
  advance(ms: number): void;
  /** The wall clock is set. */
  jump(ms: number): void;
}

/** Begins a minute after the first built event. */
export function fakeClock(): FakeClock {
  const start = Date.parse('2026-11-23T12:01:00.000Z');
  let elapsed = 0;
  let jumped = 0;
  return {
    now: () => start + elapsed + jumped,
    monotonic: () => elapsed,
    reading: () => ({ boot: 'b', bootedAt: start + jumped }),
    advance(ms) {
      elapsed += ms;
    },
    jump(ms) {
      jumped += ms;
    },
  };
}

/** What becomes of unclaimed events where a hooks file says nothing. */
const unclaimed = { isDropped: false, keepMs: 30 * 86_400_000 };

/** A hooks file's content: which endpoints a hook has, by id. Options of an endpoint come from `settings`. */
export function hooksOf(
  table: Record<string, readonly string[]>,
  settings: Record<string, Partial<Endpoint>> = {},
): Hooks {
  const all = new Map<string, Endpoint>();
  for (const id of [...Object.values(table).flat(), ...Object.keys(settings)]) {
    const url = { value: `https://${id.replaceAll('~', '-')}.example/in` };
    all.set(id, endpoint({ id, url, ...settings[id] }));
  }
  const registrations = Object.entries(table).map(([pattern, ids]) => ({
    pattern,
    endpoints: ids.map((id) => all.get(id)!),
  }));
  return {
    registrations,
    endpoints: all,
    defaults: endpointDefaults,
    maxInFlight: 256,
    holdKeepMs: 30 * 86_400_000,
    journalKeepMs: 30 * 86_400_000,
    unclaimed,
  };
}

/** What to answer: a status, a whole result, or a function of the attempt. */
export type Script =
  | number
  | AttemptResult
  | ((attempt: Attempt) => number | AttemptResult | Promise<number | AttemptResult>);

export interface Sent {
  endpoint: string;
  event: string;
  attempt: number;
  timestamp: number;
  payload: string;
}

export interface ScriptedSender {
  readonly sender: Sender;
  /** Every attempt, in order. */
  readonly sent: Sent[];
  /** What is answered from now on, by endpoint id; may be changed. */
  readonly script: Record<string, Script>;
  to(id: string): Sent[];
  /** Most attempts in flight at once, over all endpoints or to one. */
  most(id?: string): number;
  inFlight(): number;
}

/** A sender that answers from a table by endpoint id; 204 where it has no entry. Honours the cut-off. */
function scriptedSender(script: Record<string, Script> = {}): ScriptedSender {
  const sent: Sent[] = [];
  const flying = new Map<string, number>();
  let most = 0;
  const mostOf = new Map<string, number>();

  async function answer(attempt: Attempt): Promise<AttemptResult> {
    const entry = script[attempt.endpoint.id] ?? 204;
    const result = typeof entry === 'function' ? await entry(attempt) : entry;
    return typeof result === 'number' ? { kind: 'answer', status: result } : result;
  }

  function cutOff(signal: CutSignal | undefined): Promise<AttemptResult> {
    return new Promise((resolve) => {
      if (signal === undefined) return;
      if (signal.aborted) resolve({ kind: 'aborted' });
      signal.addEventListener('abort', () => resolve({ kind: 'aborted' }));
    });
  }

  const sender: Sender = {
    load: async () => {},
    stopConnecting: () => {},
    async send(attempt) {
      const { id } = attempt.endpoint;
      sent.push({
        endpoint: id,
        event: attempt.event.id,
        attempt: attempt.attempt,
        timestamp: attempt.timestamp,
        payload: Buffer.from(attempt.event.payload).toString(),
      });
      flying.set(id, (flying.get(id) ?? 0) + 1);
      most = Math.max(
        most,
        [...flying.values()].reduce((sum, each) => sum + each, 0),
      );
      mostOf.set(id, Math.max(mostOf.get(id) ?? 0, flying.get(id) ?? 0));
      try {
        return await Promise.race([answer(attempt), cutOff(attempt.signal)]);
      } finally {
        flying.set(id, (flying.get(id) ?? 1) - 1);
      }
    },
    async close() {},
  };
  return {
    sender,
    sent,
    script,
    to: (id) => sent.filter((each) => each.endpoint === id),
    most: (id) => (id === undefined ? most : (mostOf.get(id) ?? 0)),
    inFlight: () => [...flying.values()].reduce((sum, each) => sum + each, 0),
  };
}

/** What `take` gives where there is nothing. */
export const nothingTaken: Taken = {
  entries: [],
  quarantined: [],
  postponed: [],
  immovable: [],
  changing: [],
  checked: 0,
  more: false,
};

/** A drain's side with other methods of the intake. */
export function withIntake(side: DrainSide, other: (intake: Intake) => Partial<Intake>): DrainSide {
  return { ...side, intake: { ...side.intake, ...other(side.intake) } };
}

/** A drain's side with other methods of the endpoints that it owns. */
export function withOwned(
  side: DrainSide,
  other: (owned: OwnedEndpoint) => Partial<OwnedEndpoint>,
): DrainSide {
  const { queues } = side;
  const changed = (owned: OwnedEndpoint) => ({ ...owned, ...other(owned) });
  return {
    ...side,
    queues: {
      ...queues,
      acquire: async (...args) => (await queues.acquire(...args)).map(changed),
      async acquireOne(id) {
        const owned = await queues.acquireOne(id);
        return owned && changed(owned);
      },
    },
  };
}

export interface Buried {
  event: string;
  endpoint: string;
  why: Why;
}

export interface DrainingOptions {
  hooks?: Hooks;
  script?: Record<string, Script>;
  clock?: Clock & Partial<FakeClock>;
  /** One that several drains share; then nothing can stand between. */
  spool?: Spool;
  random?: () => number;
  /** Whether time goes by, 100 ms at a time, while nothing is in flight; a drain need not wait for it. Default false. */
  flows?: boolean;
  /** Stands between the drain and the spool, and the endpoints that it owns. */
  wrap?: (side: DrainSide) => DrainSide;
  /** What a command that is told of a change comes to; by default it goes well. */
  ran?: (command: readonly string[]) => string | undefined;
  /** Over the one that fires into the spool. */
  notifier?: Partial<Notifier>;
}

type NoticeOf<K extends Notice['kind']> = Extract<Notice, { kind: K }>;

export interface Draining extends ScriptedSender {
  readonly clock: NonNullable<DrainingOptions['clock']>;
  readonly spool: Spool;
  readonly notices: Notice[];
  readonly journal: JournalEntry[];
  readonly buried: Buried[];
  /** Commands that were told of a change, and what they read. */
  readonly ran: Array<{ command: readonly string[]; input: string }>;
  /** What the next looks at the hooks file find. */
  readonly refreshes: HooksRefresh[];
  /** Fires events, and returns them. */
  fire(...events: ReadonlyArray<Partial<Event>>): Promise<Event[]>;
  /** Changes the hooks; the next look at the file finds them. */
  reload(next: Hooks): void;
  /** Drains, by default for one pass. */
  drain(options?: Partial<DrainOptions>): Promise<DrainSummary>;
  backlog(id: string): Promise<EndpointBacklog | undefined>;
  health(id: string): Promise<Health>;
  /** The notices of one kind. */
  told<K extends Notice['kind']>(kind: K): NoticeOf<K>[];
}

/** A spool in memory and all that a drain needs, to be drained as often as one likes. */
export function draining(options: DrainingOptions = {}): Draining {
  const clock = options.clock ?? fakeClock();
  const spool: Spool = options.spool ?? createMemorySpool({ now: clock.now });
  const scripted = scriptedSender(options.script);
  const notices: Notice[] = [];
  const journal: JournalEntry[] = [];
  const buried: Buried[] = [];
  const ran: Draining['ran'] = [];
  const refreshes: HooksRefresh[] = [];
  let hooks = options.hooks ?? hooksOf({ complete: ['a'] });

  async function opened(): Promise<DrainSide> {
    const result = await spool.join('pass');
    if (!result.joined) throw new Error('the spool is held');
    const { side } = result;
    if (options.spool !== undefined) return side;
    const watched = withOwned(side, ({ bury }) => ({
      async bury(delivery, why) {
        await bury(delivery, why);
        buried.push({ event: delivery.event.id, endpoint: delivery.endpoint, why });
      },
    }));
    return options.wrap?.(watched) ?? watched;
  }

  return {
    ...scripted,
    clock,
    spool,
    notices,
    journal,
    buried,
    ran,
    async fire(...events) {
      const all = events.map((over) => event(over));
      for (const each of all) await spool.enqueue(each);
      return all;
    },
    reload(next) {
      hooks = next;
      refreshes.push({ kind: 'reloaded' });
    },
    refreshes,
    async drain(drainOptions = {}) {
      const side = await opened();
      let current = hooks;
      let hint = () => {};
      const flow = setInterval(() => {
        if (options.flows !== true || scripted.inFlight() > 0) return;
        clock.advance?.(100);
        hint();
      }, 1);
      try {
        return await drain(
          {
            side,
            hooks: {
              current: () => current,
              async refresh() {
                const next = refreshes.shift() ?? { kind: 'same' };
                if (next.kind === 'reloaded') current = hooks;
                return next;
              },
              onInvalidate(callback) {
                hint = callback;
              },
            },
            sender: scripted.sender,
            journal: { write: (entry) => journal.push(entry), close() {} },
            clock,
            random: options.random ?? (() => 0.5),
            report: (notice) => notices.push(notice),
            notifier: {
              async run(command, { input }) {
                ran.push({ command, input });
                return options.ran?.(command);
              },
              async fire(hook, payload) {
                await spool.enqueue(event({ hook, payload }));
              },
              ...options.notifier,
            },
          },
          { until: 'pass', graceMs: 10_000, rescanMs: 2_000, ...drainOptions },
        );
      } finally {
        clearInterval(flow);
        await side.close();
      }
    },
    async backlog(id) {
      for await (const each of spool.backlog(id)) return each;
      return undefined;
    },
    async health(id) {
      for await (const { health } of spool.backlog(id)) return health;
      return {};
    },
    told: <K extends Notice['kind']>(kind: K) =>
      notices.filter((notice): notice is NoticeOf<K> => notice.kind === kind),
  };
}
