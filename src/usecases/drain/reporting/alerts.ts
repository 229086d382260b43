/** Reporter others of the changes of endpoints: a command, a hook; each change once. */
import { CapnhookError, errnoOf } from '../../../shared/errors.js';
import type { DrainPorts } from '../ports.js';
import type { Routing } from '../routing.js';
import { createSemaphore } from '../semaphore.js';
import type { Change, CorruptChange, HooksFileChange, UnclaimedChange } from './changes.js';

/** What no endpoint has to do with. */
type SpoolChange = CorruptChange | UnclaimedChange | HooksFileChange;

export interface Alerts {
  /** Keeps a change to be told. */
  add(change: Change | SpoolChange): void;
  /** Tells what was kept; true if an event was fired. */
  flush(): Promise<boolean>;
  /** Ends the commands that run. */
  cutOff(): void;
  /** Resolves when no command runs any more. */
  settled(): Promise<void>;
}

/** So many commands run at once: one that hangs does not keep the others from being told. */
const commandsAtOnce = 8;

/** Stands for the endpoint where entries were put into `corrupt/`. */
const corruptName = 'corrupt/';

/** Nothing to tell yet. */
export function createAlerts({ lease, notifier, report }: DrainPorts, routing: Routing): Alerts {
  const cut = new AbortController();
  let changes: Array<Change | SpoolChange> = [];
  /** The commands, of each endpoint one after the other. */
  const running = new Map<string, Promise<void>>();
  const semaphore = createSemaphore(commandsAtOnce);

  async function run(command: readonly string[], endpoint: string, input: string): Promise<void> {
    const release = await semaphore.acquire();
    const reason = await notifier.run(command, { input, signal: cut.signal }).finally(release);
    if (reason !== undefined) report({ kind: 'alert-failed', via: 'onChange', endpoint, reason });
  }

  function runInTurn(command: readonly string[], endpoint: string, input: string): void {
    const before = running.get(endpoint) ?? Promise.resolve();
    const mine: Promise<void> = before
      .then(() => run(command, endpoint, input))
      .finally(() => {
        if (running.get(endpoint) === mine) running.delete(endpoint);
      });
    running.set(endpoint, mine);
  }

  /** An endpoint is never told of itself: it would be owed a delivery more for each that it fails. */
  async function fire(endpoint: string, text: string): Promise<boolean> {
    const hook = routing.alert();
    if (hook === undefined || routing.endpointsFor({ hook }).some(({ id }) => id === endpoint)) return false;
    await notifier.fire(hook, Buffer.from(text));
    return true;
  }

  async function tell(change: Change): Promise<boolean> {
    const { endpoint, from, to, since, gaveUp, onHold, rejected } = change;
    const command = routing.settingsOf(endpoint).onChange;
    if (command === undefined && routing.alert() === undefined) return false;
    const text = JSON.stringify({
      endpoint,
      from,
      to,
      since: new Date(since).toISOString(),
      owed: await lease.owed(endpoint),
      gaveUp,
      onHold,
      rejected,
    });
    if (command !== undefined) runInTurn(command, endpoint, `${text}\n`);
    return fire(endpoint, text);
  }

  /** What no endpoint has to do with is told by the defaults. An alert that nobody receives is not told by another one. */
  async function tellSpoolChange(change: SpoolChange): Promise<boolean> {
    const text = JSON.stringify(change);
    const command = routing.defaults().onChange;
    if (command !== undefined) runInTurn(command, nameOf(change), `${text}\n`);
    const hook = routing.alert();
    if (hook === undefined || ('hook' in change && change.hook === hook)) return false;
    await notifier.fire(hook, Buffer.from(text));
    return true;
  }

  /** A change that cannot be told ends no drain. */
  async function tried(change: Change | SpoolChange): Promise<boolean> {
    try {
      return await ('endpoint' in change ? tell(change) : tellSpoolChange(change));
    } catch (error) {
      if (!(error instanceof CapnhookError) && errnoOf(error) === undefined) throw error;
      const reason = error instanceof Error ? error.message : '';
      report({ kind: 'alert-failed', via: 'alert', endpoint: nameOf(change), reason });
      return false;
    }
  }

  return {
    add: (change) => void changes.push(change),
    async flush() {
      const told = changes;
      changes = [];
      let hasFired = false;
      for (const change of told) hasFired = (await tried(change)) || hasFired;
      return hasFired;
    },
    cutOff: () => cut.abort(),
    async settled() {
      await Promise.all(running.values());
    },
  };
}

/** Whom a change is about, in words. */
function nameOf(change: Change | SpoolChange): string {
  if ('endpoint' in change) return change.endpoint;
  if ('hooksFile' in change) return 'the hooks file';
  return 'corrupt' in change ? corruptName : `hook ${change.hook ?? '(others)'}`;
}
