/** What a person would type next. Pure. */
import type { EndpointState, EndpointStatus, NextStep, Status } from './status-data.js';

/** Number of steps that are told. */
const most = 2;

/** Room on the disk below which what is dead should go, in bytes. */
const littleRoom = 64 * 2 ** 20;

/** Finds the commands that help most, the first one first. */
export function nextSteps(status: Omit<Status, 'next'>): NextStep[] {
  const { drain, totals, hooksFile, endpoints } = status;
  const steps: NextStep[] = [];
  const { queued, dead, unclaimed, corrupt, freeBytes = Infinity } = totals;
  if (!hooksFile.isUsable && queued.total > 0)
    steps.push({ command: 'capnhook targets', why: 'says what is wrong with the hooks file' });
  if (freeBytes < littleRoom && dead > 0)
    steps.push({ command: 'capnhook purge --dead', why: 'makes room: the disk is nearly full' });
  if (!drain.isRunning && queued.total > 0)
    steps.push({ command: 'capnhook start', why: 'nobody drains: starts a drain in the background' });
  const trouble = endpoints.find((each) => each.state !== 'ok' && each.queued.total > 0);
  if (trouble !== undefined) steps.push(...stepsFor(trouble));
  if (dead > 0)
    steps.push({ command: 'capnhook list --state dead', why: 'lists what was given up, and why' });
  if (unclaimed > 0)
    steps.push({ command: 'capnhook list --state unclaimed', why: 'lists events that nobody receives' });
  if (corrupt > 0)
    steps.push({ command: 'capnhook list --state corrupt', why: 'lists files that are no events' });
  return steps.slice(0, most);
}

const commandsFor: Record<EndpointState, (id: string) => NextStep[]> = {
  misconfigured: () => [{ command: 'capnhook targets', why: 'lists the endpoints of the hooks file' }],
  paused: (id) => [
    { command: `capnhook resume ${id}`, why: 'ends the pause, and tries it now' },
    { command: `capnhook log --failed --endpoint ${id}`, why: 'shows why it failed' },
  ],
  'on-hold': (id) => [
    { command: `capnhook deregister ${id}`, why: 'moves what is on hold to dead/; or register it again' },
  ],
  parked: (id) => [
    { command: `capnhook log --failed --endpoint ${id}`, why: 'shows why it failed' },
    { command: `capnhook retry --endpoint ${id}`, why: 'tries it now' },
  ],
  rejecting: (id) => [
    { command: `capnhook log --failed --endpoint ${id}`, why: 'shows what it rejects, and why' },
  ],
  recovering: () => [],
  ok: () => [],
};

function stepsFor({ endpoint: { id }, state }: EndpointStatus): NextStep[] {
  return commandsFor[state](id);
}
