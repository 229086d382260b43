import { type Environment, hooksPath } from '../config/paths.js';
import { loadHooks } from '../hooks/file/hooks-file.js';
import type { HooksReader } from '../usecases/hooks-reader.js';

/** The hooks file that the options or the environment name. @throws CapnhookError as {@link hooksPath} */
export function hooksReader(env: Environment, config: string | undefined): HooksReader {
  const path = hooksPath(env, config);
  return { path, load: () => loadHooks(path) };
}
