import { type Environment, hooksPath, namedHooks } from '../config/paths.js';
import { loadHooks } from '../hooks/file/hooks-file.js';
import type { Spool } from '../spool/spool.js';
import type { HooksLoader, HooksReader } from '../usecases/hooks-reader.js';

/** The hooks file that the options or the environment name. @throws CapnhookError as {@link hooksPath} */
export function hooksReader(env: Environment, config: string | undefined): HooksReader {
  const path = hooksPath(env, config);
  return { path, load: () => loadHooks(path) };
}

/**
 * The hooks file that the options or the environment name, or else the one that a spool belongs to.
 * @throws CapnhookError `USAGE` as {@link namedHooks}
 */
export function spoolHooks(
  spool: Pick<Spool, 'boundTo'>,
  { env, config }: { env: Environment; config: string | undefined },
): HooksLoader {
  const named = namedHooks(env, config);
  return { load: async () => loadHooks(named ?? (await spool.boundTo()) ?? hooksPath(env)) };
}
