/** Passes signals on to a command that runs in the same process group. */
import { readFileSync } from 'node:fs';
import { isatty } from 'node:tty';
import { ignoreErrno } from '../shared/errors.js';

const signals = [
  ...(['SIGINT', 'SIGQUIT', 'SIGTSTP', 'SIGTERM', 'SIGHUP'] as const),
  ...(['SIGCONT', 'SIGUSR1', 'SIGUSR2', 'SIGALRM'] as const),
];

/** Signals of the keyboard. The terminal sends them to each process in the foreground, the command included. */
const ofKeyboard: ReadonlySet<NodeJS.Signals> = new Set(['SIGINT', 'SIGQUIT', 'SIGTSTP']);

/**
 * Passes signals on from now on; this process survives them.
 * @param send sends a signal to the command, if it runs
 * @returns the function that ends this
 */
export function passSignals(send: (signal: NodeJS.Signals) => void): () => void {
  const onSignal = (signal: NodeJS.Signals): void => {
    if (!ofKeyboard.has(signal) || !isInForeground()) send(signal);
    if (signal === 'SIGTSTP') stopSelf();
  };
  /** Stops this process as it would stop without a listener: the kernel refuses it where no shell could continue it. */
  const stopSelf = (): void => {
    process.off('SIGTSTP', onSignal);
    process.kill(process.pid, 'SIGTSTP');
    process.on('SIGTSTP', onSignal);
  };
  for (const signal of signals) process.on(signal, onSignal);
  return () => {
    for (const signal of signals) process.off(signal, onSignal);
  };
}

/** Ends this process by SIGINT if it is in the foreground, so that a shell's loop ends, too. */
export function endByKeyboard(): void {
  if (isInForeground()) process.kill(process.pid, 'SIGINT');
}

/** Whether this process is in the foreground of a terminal. */
function isInForeground(): boolean {
  try {
    // pid (name) state parent group session terminal foreground-group …; see proc(5)
    const stat = readFileSync('/proc/self/stat', 'latin1');
    const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return group === foreground;
  } catch (error) {
    ignoreErrno(error); // not Linux: it probably is, if it has a terminal
    return [0, 1, 2].some((fd) => isatty(fd));
  }
}
