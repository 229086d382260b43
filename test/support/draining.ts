import { type Endpoint, endpointDefaults } from '../../src/endpoint/endpoint.js';
import type { Health } from '../../src/endpoint/health.js';
import type { Event } from '../../src/event/event.js';
import type { JournalEntry } from '../../src/journal/journal.js';
import type { Hooks } from '../../src/routing/hooks.js';
import type { HooksRefresh } from '../../src/routing/live-hooks.js';
import type { Clock } from '../../src/shared/clock.js';
import type { Intake, Taken } from '../../src/spool/intake.js';
import { createMemorySpool } from '../../src/spool/memory/memory-spool.js';
import type { DrainSide, EndpointBacklog, OwnedEndpoint, Spool, Why } from '../../src/spool/spool.js';
import { drain } from '../../src/usecases/drain/drain.js';
import type { DrainOptions, DrainSummary, Notice, Notifier } from '../../src/usecases/drain/ports.js';
import { endpoint, event } from './builders.js';
import { type FakeClock, fakeClock } from './fake-clock.js';
import { type Script, type ScriptedSender, scriptedSender } from './scripted-sender.js';

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
