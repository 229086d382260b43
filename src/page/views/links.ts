/** Addresses of the page. */

import { isoTime } from '../../shared/iso-time.js';
import type { RowFilter } from '../page-data.js';
import { type Html, html } from './html.js';

/** The list of entries that a filter names. @param after where it goes on */
export function entriesPath(filter: RowFilter = {}, after?: string): string {
  const query = new URLSearchParams(filterFields(filter));
  if (after !== undefined) query.set('after', after);
  const text = query.toString();
  return text === '' ? '/entries' : `/entries?${text}`;
}

/** A filter as fields of a form: only what was given. */
export function filterFields({ state, endpoint, hook, since, before }: RowFilter): [string, string][] {
  const fields: [string, string | undefined][] = [
    ['state', state],
    ['endpoint', endpoint],
    ['hook', hook],
    ['since', since === undefined ? undefined : isoTime(since)],
    ['before', before === undefined ? undefined : isoTime(before)],
  ];
  return fields.filter((field): field is [string, string] => field[1] !== undefined && field[1] !== '');
}

/** Hidden fields of a form. */
export function hiddenFields(fields: ReadonlyArray<readonly [string, string]>): Html[] {
  return fields.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`);
}

/** The page of an endpoint. */
export function endpointPath(id: string): string {
  return `/endpoints/${encodeURIComponent(id)}`;
}

/** The page of an event. */
export function eventPath(id: string): string {
  return `/events/${encodeURIComponent(id)}`;
}
