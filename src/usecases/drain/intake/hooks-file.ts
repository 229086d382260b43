/** The hooks file during an intake: read again after each change, which is reported. */
import type { DrainPorts } from '../ports.js';
import type { HooksFileChange } from '../reporting/changes.js';
import type { Routing } from '../routing.js';

export interface HooksFile {
  /** Looks whether the file has changed. */
  refresh(): Promise<void>;
  /** Whether it is probably being written. */
  isUnsettled(): boolean;
}

export interface HooksFileOptions {
  routing: Pick<Routing, 'refresh'>;
  /** Called when the hooks file breaks, and when it is usable again. */
  onChange(change: HooksFileChange): void;
}

/** Makes the reports of the hooks file. */
export function createHooksFile(
  { report }: Pick<DrainPorts, 'report'>,
  { routing, onChange }: HooksFileOptions,
): HooksFile {
  let isUnsettled = false;
  let isBroken = false;

  return {
    async refresh() {
      const refreshed = await routing.refresh();
      isUnsettled = refreshed.kind === 'unsettled';
      if (refreshed.kind === 'broken') {
        report({ kind: 'hooks-broken', error: refreshed.error });
        if (!isBroken) onChange({ hooksFile: 'broken', reason: refreshed.error.message });
        isBroken = true;
      }
      if (refreshed.kind !== 'reloaded') return;
      report({ kind: 'hooks-reloaded', wasBroken: isBroken });
      if (isBroken) onChange({ hooksFile: 'well' });
      isBroken = false;
    },
    isUnsettled: () => isUnsettled,
  };
}
