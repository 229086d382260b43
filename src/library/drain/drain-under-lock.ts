/** A drain that holds the spool's lock, with the adapters that it needs. */
import { commandEnvironment } from '../../command/command-environment.js';
import { runCommand } from '../../command/run-command.js';
import type { Environment } from '../../config/paths.js';
import { createHttpSender } from '../../delivery/http-sender.js';
import type { SecretReader } from '../../delivery/request/secrets.js';
import { createFileJournal } from '../../journal/file-journal.js';
import type { LiveHooks } from '../../routing/live-hooks.js';
import type { Clock } from '../../shared/clock.js';
import { descriptorLimit } from '../../shared/machine/descriptor-limit.js';
import { packageVersion } from '../../shared/machine/package-info.js';
import { randomBytes } from '../../shared/machine/random.js';
import type { DrainSide, Spool } from '../../spool/spool.js';
import { drain } from '../../usecases/drain/drain.js';
import type { DrainOptions, DrainPorts, DrainSummary, Notice, Notifier } from '../../usecases/drain/ports.js';
import { fireEvent } from '../../usecases/fire.js';
import type { DrainMetrics } from './drain-metrics.js';

/** What a drain under the lock works with. */
export interface DrainPlace {
  spool: Spool;
  side: DrainSide;
  hooks: LiveHooks;
  secrets: SecretReader;
  /** The spool's directory. */
  root: string;
  /** The hooks file. */
  config: string;
  clock: Clock;
  env: Environment;
  report(notice: Notice): void;
  /** What is measured of it; undefined: nothing. */
  metrics: DrainMetrics | undefined;
  /** Called when the drain is about to begin. */
  onReady(): void;
  /** Called about each second with the number of deliveries made so far. */
  onProgress: DrainPorts['onProgress'];
  /** Called with what was done, before the spool is left. */
  onSummary: ((summary: DrainSummary) => void) | undefined;
  /** Removes what was kept long enough. */
  tidy(): Promise<void>;
}

/** Timeout of a command of `onChange`, in ms. */
const commandTimeoutMs = 30_000;

/** Interval in which a daemon removes what was kept long enough, in ms. */
const tidyEveryMs = 3_600_000;

/** File descriptors for all but connections: files of the spool, name look-ups, commands, Node itself. */
const otherDescriptors = 192;

/** Drains, and leaves the spool. @throws as the use case */
export async function drainUnderLock(
  place: DrainPlace,
  options: Omit<DrainOptions, 'maxConnections'>,
): Promise<DrainSummary> {
  const { side, hooks, root, clock, report, onProgress, tidy } = place;
  const file = createFileJournal(`${root}/journal`, (errno) => report({ kind: 'journal-failed', errno }));
  const maxConnections = connectionsOf(descriptorLimit());
  const sender = openSender(place, maxConnections);
  const notifier = createNotifier(place);
  const tidying = setInterval(() => void tidy(), tidyEveryMs).unref();
  const journal = place.metrics?.counting(file) ?? file;
  try {
    // An update may replace the files of this package while a daemon runs, so it loads now what it may need later.
    if (options.until === 'daemon') await Promise.all([sender.load(), place.spool.load()]);
    place.metrics?.begin(side);
    place.onReady();
    const adapters = { side, hooks, sender, journal, clock, random: Math.random, notifier };
    const summary = await drain({ ...adapters, report, onProgress }, { ...options, maxConnections });
    place.onSummary?.(summary);
    return summary;
  } finally {
    clearInterval(tidying);
    file.close();
    await sender.close();
    const isOurs = side.isValid();
    await side.close();
    if (isOurs) await tidy();
  }
}

function openSender(
  { secrets, env }: DrainPlace,
  maxConnections: number,
): ReturnType<typeof createHttpSender> {
  return createHttpSender({ userAgent: `capnhook/${packageVersion()}`, maxConnections, secrets, env });
}

function createNotifier({ spool, root, config, clock, env }: DrainPlace): Notifier {
  const commandEnv = commandEnvironment(env, { spool: root, config });
  return {
    run: (command, told) => runCommand(command, { ...told, timeoutMs: commandTimeoutMs, env: commandEnv }),
    async fire(hook, payload) {
      await fireEvent({ inbox: spool, clock, random: randomBytes }, { hook, payload });
    },
  };
}

/** How many connections the file descriptors of this process allow. */
function connectionsOf(descriptors: number = Infinity): number {
  return Math.max(Math.floor(descriptors - Math.min(otherDescriptors, descriptors / 2)), 1);
}
