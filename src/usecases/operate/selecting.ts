/** Making a selection of what a person names: targets, hooks, ids, times. */
import { isHookPattern } from '../../event/hook-pattern.js';
import { CapnhookError } from '../../shared/errors.js';
import { shown } from '../../shared/shown.js';
import { suggest } from '../../shared/suggest.js';
import type { Selection, Spool } from '../../spool/spool.js';
import { badHookPattern } from '../bad-hook.js';
import { type HooksLoader, loadIfUsable } from '../hooks-reader.js';
import { idOfTarget, queueIds } from './endpoint-ids.js';

/** What a person names. */
export interface Named extends Omit<Selection, 'endpoints'> {
  /** URLs, names of endpoints in the hooks file, or ids of endpoints. */
  targets?: readonly string[] | undefined;
}

export interface SelectingPorts {
  spool: Pick<Spool, 'inspection'>;
  hooks: HooksLoader;
}

/** The latest time that can be named, ms since the epoch. */
const latestMs = Date.parse('9999-12-31T23:59:59.999Z');

/**
 * Makes a selection of what a person names.
 * @param doing as in "Cannot <doing>: …"
 * @throws CapnhookError `USAGE` for what is malformed; `NO_INPUT` for an endpoint that is neither in the hooks file nor in
 *   the spool; as the spool
 */
export async function selecting(ports: SelectingPorts, named: Named, doing: string): Promise<Selection> {
  const { targets, hook, since, before, ...rest } = named;
  const select: Selection = { ...rest };
  if (hook !== undefined) {
    if (!isHookPattern(hook)) throw badHookPattern(doing, hook);
    select.hook = hook;
  }
  if (since !== undefined) select.since = checkedTime(since, { name: 'since', doing });
  if (before !== undefined) select.before = checkedTime(before, { name: 'before', doing });
  if (targets !== undefined) select.endpoints = await knownEndpoints(ports, targets, doing);
  return select;
}

/** A time in ms since the epoch. @throws CapnhookError `USAGE` for any other number */
export function checkedTime(ms: number, { name, doing }: { name: string; doing: string }): number {
  if (Number.isFinite(ms) && ms >= 0 && ms <= latestMs) return ms;
  throw new CapnhookError('USAGE', `Cannot ${doing}: ${name} is not a time`, {
    hint: 'A time is a Date, or a number of milliseconds since 1970.',
  });
}

/**
 * The ids of endpoints that the hooks file or the spool knows.
 * @throws CapnhookError `USAGE`, `NO_INPUT`; as the spool
 */
async function knownEndpoints(
  { spool, hooks }: SelectingPorts,
  targets: readonly string[],
  doing: string,
): Promise<string[]> {
  const registered = await loadIfUsable(hooks); // what is in the spool can be steered without it
  const known = new Set([...(registered?.endpoints.keys() ?? []), ...(await spool.inspection.endpoints())]);
  const endpoints = new Set<string>();
  for (const target of targets) {
    const ids = [...queueIds(registered, idOfTarget(target))].filter((id) => known.has(id));
    if (ids.length === 0) throw unknownEndpoint(target, { known, doing });
    for (const id of ids) endpoints.add(id);
  }
  return [...endpoints];
}

function unknownEndpoint(
  target: string,
  { known, doing }: { known: ReadonlySet<string>; doing: string },
): CapnhookError {
  const nearest = suggest(target, known);
  const message = `Cannot ${doing}: no endpoint ${shown(target)} is known`;
  return new CapnhookError('NO_INPUT', message, {
    hint: nearest === undefined ? 'capnhook targets lists the endpoints.' : `Did you mean ${nearest}?`,
  });
}
