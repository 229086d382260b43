import type { DrainPorts } from '../ports.js';
import { createSemaphore } from '../semaphore.js';

/** Runs the commands of `onChange`; those of one endpoint run one after another. */
export interface ChangeCommands {
  run(command: readonly string[], endpoint: string, input: string): void;
  /** Ends all running commands. */
  cutOff(): void;
  /** Resolves when no command runs. */
  settled(): Promise<void>;
}

/** Maximum number of concurrent commands; with more than one, a command that hangs does not block the others. */
const maxConcurrent = 8;

/** Makes the commands of a drain. A command that fails is reported. */
export function createChangeCommands({
  notifier,
  report,
}: Pick<DrainPorts, 'notifier' | 'report'>): ChangeCommands {
  const cut = new AbortController();
  /** The last command of each endpoint. */
  const running = new Map<string, Promise<void>>();
  const semaphore = createSemaphore(maxConcurrent);

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

  return {
    run: runInTurn,
    cutOff: () => cut.abort(),
    async settled() {
      await Promise.all(running.values());
    },
  };
}
