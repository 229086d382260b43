/** The hooks file of a drain that stays: read anew when it has changed. */
import { statSync } from 'node:fs';
import { loadHooks } from '../hooks/hooks-file.js';
import { CapnhookError, errnoOf } from '../shared/errors.js';
import type { HooksRefresh, LiveHooks } from '../usecases/drain/ports.js';

export interface WatchedHooks extends LiveHooks {
  /** Lets the next `refresh` read the file even if it looks the same. */
  invalidate(): void;
}

/** @throws CapnhookError `HOOKS_FILE` if the file is missing or broken now */
export async function openHooks(path: string, onReload: () => void = () => {}): Promise<WatchedHooks> {
  let seen = signatureOf(path);
  let hooks = await loadHooks(path);

  return {
    current: () => hooks,
    async refresh(): Promise<HooksRefresh> {
      const signature = signatureOf(path);
      if (signature === seen) return { kind: 'same' };
      seen = signature;
      try {
        hooks = await loadHooks(path);
        onReload();
        return { kind: 'reloaded' };
      } catch (error) {
        if (error instanceof CapnhookError) return { kind: 'broken', error };
        throw error;
      }
    },
    invalidate() {
      seen = '';
    },
  };
}

/** Changes whenever the file does: an editor replaces it, or writes into it. */
function signatureOf(path: string): string {
  try {
    const stat = statSync(path, { bigint: true });
    return `${stat.dev} ${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`;
  } catch (error) {
    return errnoOf(error) ?? 'unknown'; // what is wrong with it is said when it is loaded
  }
}
