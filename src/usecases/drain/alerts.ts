/** Telling others of the changes of endpoints: a command, a hook; each change once. */
import { CapnhookError } from '../../shared/errors.js';
import type { DrainPorts } from './ports.js';
import type { Routing } from './routing.js';
import type { Change } from './telling.js';

export interface Alerts {
  /** Keeps a change to be told. */
  add(change: Change): void;
  /** Tells what was kept; true if an event was fired. */
  flush(): Promise<boolean>;
  /** Ends the commands that run. */
  cutOff(): void;
  /** Resolves when no command runs any more. */
  settled(): Promise<void>;
}

/** Nothing to tell yet. */
export function createAlerts({ lease, outlet, report }: DrainPorts, routing: Routing): Alerts {
  const cut = new AbortController();
  let changes: Change[] = [];
  /** The commands, one after the other. */
  let running: Promise<void> = Promise.resolve();

  async function run(command: readonly string[], endpoint: string, input: string): Promise<void> {
    const reason = await outlet.run(command, { input, signal: cut.signal });
    if (reason !== undefined) report({ kind: 'alert-failed', endpoint, reason });
  }

  /** An endpoint is never told of itself: it would be owed a delivery more for each that it fails. */
  async function fire(endpoint: string, text: string): Promise<boolean> {
    const hook = routing.alert();
    if (hook === undefined || routing.endpointsFor({ hook }).some(({ id }) => id === endpoint)) return false;
    await outlet.fire(hook, Buffer.from(text));
    return true;
  }

  async function tell({ endpoint, from, to, since, gaveUp }: Change): Promise<boolean> {
    const command = routing.settingsOf(endpoint).onChange;
    if (command === undefined && routing.alert() === undefined) return false;
    const text = JSON.stringify({
      endpoint,
      from,
      to,
      since: new Date(since).toISOString(),
      owed: await lease.owed(endpoint),
      ...(gaveUp !== undefined && { gaveUp }),
    });
    if (command !== undefined) running = running.then(() => run(command, endpoint, `${text}\n`));
    return fire(endpoint, text);
  }

  /** A change that cannot be told ends no drain. */
  async function tried(change: Change): Promise<boolean> {
    try {
      return await tell(change);
    } catch (error) {
      if (!(error instanceof CapnhookError)) throw error;
      report({ kind: 'alert-failed', endpoint: change.endpoint, reason: error.message });
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
    settled: () => running,
  };
}
