/** Alerts: each change is passed once to a command, to a hook, or both. */
import { CapnhookError, errnoOf } from '../../../shared/errors.js';
import type { DrainPorts } from '../ports.js';
import type { Routing } from '../routing.js';
import type { Change, SpoolChange } from './changes.js';
import { createChangeCommands } from './commands.js';

export interface Alerts {
  /** Keeps a change until `flush`. */
  add(change: Change | SpoolChange): void;
  /** Sends the alerts of all kept changes; true if an event was fired. */
  flush(): Promise<boolean>;
  /** Ends all running commands. */
  cutOff(): void;
  /** Resolves when no command runs. */
  settled(): Promise<void>;
}

/** Replaces the endpoint's id in alerts about `corrupt/`. */
const corruptName = 'corrupt/';

/** Makes the alerts of a drain. */
export function createAlerts({ side, notifier, report }: DrainPorts, routing: Routing): Alerts {
  const commands = createChangeCommands({ notifier, report });
  let changes: Array<Change | SpoolChange> = [];

  /** An endpoint gets no alerts about itself: each failure would add a delivery for it. */
  async function fire(endpoint: string, text: string): Promise<boolean> {
    const hook = routing.alert();
    const route = hook === undefined ? undefined : await routing.route({ hook });
    if (hook === undefined || (route?.kind === 'to' && route.endpoints.some(({ id }) => id === endpoint)))
      return false;
    await notifier.fire(hook, Buffer.from(text));
    return true;
  }

  async function alertOfEndpoint(change: Change): Promise<boolean> {
    const { endpoint, from, to, since, gaveUp, onHold, rejected } = change;
    const command = routing.settingsOf(endpoint).onChange;
    if (command === undefined && routing.alert() === undefined) return false;
    const text = JSON.stringify({
      endpoint,
      from,
      to,
      since: new Date(since).toISOString(),
      owed: await side.byId.owed(endpoint),
      gaveUp,
      onHold,
      rejected,
    });
    if (command !== undefined) commands.run(command, endpoint, `${text}\n`);
    return fire(endpoint, text);
  }

  /** The command of the defaults gets changes that concern no endpoint. An unclaimed alert causes no further alert. */
  async function alertOfSpool(change: SpoolChange): Promise<boolean> {
    const text = JSON.stringify(change);
    const command = routing.defaults().onChange;
    if (command !== undefined) commands.run(command, nameOf(change), `${text}\n`);
    const hook = routing.alert();
    if (hook === undefined || ('hook' in change && change.hook === hook)) return false;
    await notifier.fire(hook, Buffer.from(text));
    return true;
  }

  /** An alert that fails does not end the drain. */
  async function tryAlert(change: Change | SpoolChange): Promise<boolean> {
    try {
      return await ('endpoint' in change ? alertOfEndpoint(change) : alertOfSpool(change));
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
      const kept = changes;
      changes = [];
      let hasFired = false;
      for (const change of kept) hasFired = (await tryAlert(change)) || hasFired;
      return hasFired;
    },
    cutOff: commands.cutOff,
    settled: commands.settled,
  };
}

/** The subject of a change, in words. */
function nameOf(change: Change | SpoolChange): string {
  if ('endpoint' in change) return change.endpoint;
  if ('hooksFile' in change) return 'the hooks file';
  return 'corrupt' in change ? corruptName : `hook ${change.hook ?? '(others)'}`;
}
