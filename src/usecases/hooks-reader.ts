import type { Hooks } from '../routing/hooks.js';

/** Reads the hooks file. */
export interface HooksReader {
  /** The file's absolute path. */
  readonly path: string;
  /** @throws CapnhookError `HOOKS_FILE` if the file is missing, broken or cannot be read; `PERMISSION` */
  load(): Promise<Hooks>;
}
