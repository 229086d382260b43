import type { Hooks } from '../routing/hooks.js';
import { CapnhookError } from '../shared/errors.js';

/** Loads the hooks. */
export interface HooksLoader {
  /** @throws CapnhookError `HOOKS_FILE` if the file is missing, broken or cannot be read; `PERMISSION` */
  load(): Promise<Hooks>;
}

/** Reads the hooks file. */
export interface HooksReader extends HooksLoader {
  /** The file's absolute path. */
  readonly path: string;
}

/** The hooks; undefined where the file cannot be used, for what can be done without it. */
export async function loadIfUsable(hooks: HooksLoader): Promise<Hooks | undefined> {
  try {
    return await hooks.load();
  } catch (error) {
    if (error instanceof CapnhookError) return undefined;
    throw error;
  }
}
