import type { Named } from '../usecases/operate/selecting.js';

/** What a person names; each member that is there must hold. */
export interface NamedOptions {
  endpoint?: string | readonly string[] | undefined;
  hook?: string | undefined;
  ids?: readonly string[] | undefined;
  since?: Date | number | undefined;
  before?: Date | number | undefined;
}

/** What the options of a function name, as the use cases take it. */
export function namedBy({ endpoint, hook, ids, since, before }: NamedOptions): Named {
  const targets = endpoint === undefined ? undefined : listOf(endpoint);
  return { targets, hook, ids, since: msOf(since), before: msOf(before) };
}

/** One text or several, as a list. */
export function listOf(endpoint: string | readonly string[]): readonly string[] {
  return typeof endpoint === 'string' ? [endpoint] : endpoint;
}

/** A time in ms since the epoch. */
export function msOf(time: Date | number | undefined): number | undefined {
  return time === undefined ? undefined : Number(time);
}
