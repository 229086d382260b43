import type { Hooks } from '../../routing/hooks.js';

/** The hooks file as its registrations are edited. */
export interface Registrations {
  /** The file's absolute path. */
  readonly path: string;
  /** @throws CapnhookError `HOOKS_FILE` if the file is missing */
  requireFile(): void;
  /**
   * Registers a URL, or an endpoint of the file, for a hook or a pattern; makes the file if it is missing.
   * @throws CapnhookError `USAGE`, `HOOKS_FILE` (a broken file is not touched), `BUSY`, `PERMISSION`
   */
  add(registration: { hook: string; url: string }): Promise<{ changed: boolean }>;
  /**
   * Removes a target from one hook, or from all of them.
   * @param options.dryRun whether the file stays as it is
   * @throws CapnhookError as {@link add}
   */
  remove(
    registration: { target: string; hook?: string | undefined },
    options: { dryRun: boolean },
  ): Promise<Removed>;
}

/** What a removal has done. */
export interface Removed {
  /** The hooks and patterns that the target was registered for, in the file's order. */
  removedFrom: string[];
  /** The hooks that remain; undefined if the rest of the file has problems. */
  hooks: Hooks | undefined;
}
