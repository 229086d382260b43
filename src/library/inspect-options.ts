import type { Environment } from '../config/paths.js';
import { systemClock } from '../shared/clock.js';
import type { ListPorts } from '../usecases/inspect/list-entries.js';
import { spoolHooks } from './hooks-reader.js';
import { existingSpoolPath, openSpool } from './open-spool.js';

/** Where a spool and its hooks are. */
export interface InspectOptions {
  /** Whether endpoints have their URLs, which may be secrets; default false. */
  showUrls?: boolean | undefined;
  /** The spool's directory; default `CAPNHOOK_SPOOL`, or `~/.local/state/capnhook/spool`. */
  spool?: string | undefined;
  /**
   * The hooks file, which names endpoints; default `CAPNHOOK_CONFIG`, the one that the spool belongs to, or
   * `~/.config/capnhook/hooks.yaml`.
   */
  config?: string | undefined;
  /** Default `process.env`. */
  env?: Environment;
}

/** What is looked for; each member that is there must hold. */
export interface FilterOptions extends InspectOptions {
  /** A URL, the name of an endpoint in the hooks file, or an endpoint's id; or several of them. */
  endpoint?: string | readonly string[] | undefined;
  /** A hook or a pattern. */
  hook?: string | undefined;
  /** At this time or later: a date, or ms since the epoch. */
  since?: Date | number | undefined;
}

/** Opens a spool to be read. @param doing as in "Cannot <doing>: …" @throws CapnhookError as the paths */
export function inspectPorts(
  { spool: asked, config, env = process.env }: InspectOptions,
  doing: string,
): ListPorts & { root: string } {
  const root = existingSpoolPath(env, { asked, doing });
  const spool = openSpool(root);
  return { root, spool, hooks: spoolHooks(spool, { env, config }), clock: systemClock };
}
