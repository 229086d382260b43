/** All that is known of one event: its payload, its deliveries, and their attempts. */

import { endpointIdOf } from '../../endpoint/endpoint-id.js';
import { aloneGivesUpAt, givesUpAt } from '../../endpoint/gives-up-at.js';
import type { Health } from '../../endpoint/health.js';
import { type Clock, momentOf } from '../../shared/clock.js';
import { CapnhookError } from '../../shared/errors.js';
import { isoTime } from '../../shared/iso-time.js';
import type { InspectedEntry, QuarantinedEntry } from '../../spool/inspection.js';
import type { KeptAnswer } from '../../spool/reasons.js';
import { type EndpointData, endpointData } from '../endpoint-data.js';
import { loadIfUsable } from '../hooks-reader.js';
import { describeCorrupt, describeEntry, type ListedEntry } from './describe-entry.js';
import { createEndpointBook, type EndpointBook } from './endpoint-book.js';
import { type FindPorts, type FoundEvent, findCorrupt, findEvent } from './find-event.js';
import type { ListPorts } from './list-entries.js';
import type { ListState } from './list-state.js';
import { type LoggedEntry, loggedEntry } from './logged-entry.js';

export interface ShowPorts extends ListPorts, FindPorts {
  spool: ListPorts['spool'];
  clock: Clock;
}

/** An event, and what has become of it. */
export interface ShownEvent {
  /** Of a corrupt entry the file's name. */
  id: string;
  hook?: string;
  /** The receivers that the event itself names. */
  to?: EndpointData[];
  /** When it was fired, ISO 8601; absent where only the journal knows it. */
  time?: string;
  acceptedAt?: string;
  /** Of a batch that is not queued: how many events, where that is known. */
  events?: number;
  /** Absent for a batch, and where it is not kept any more. */
  payload?: ShownPayload;
  /** One for each endpoint; for an event that has none yet, or none any more, the event itself. */
  deliveries: ShownDelivery[];
  /** What happened to the event as a whole. */
  log: LoggedEntry[];
}

export interface ShownPayload {
  bytes: number;
  /** The payload's JSON text as it was fired. */
  text: string;
}

/** `delivered` and `ended` are known from the journal alone, `unknown` is neither in the spool nor ended in the journal. */
export type ShownState = ListState | 'delivered' | 'ended' | 'unknown';

export interface ShownDelivery extends Omit<ListedEntry, 'id' | 'hook' | 'state' | 'events' | 'acceptedAt'> {
  state: ShownState;
  /** When it will be given up if nothing changes, ISO 8601; absent where nothing tells that it will be. */
  givesUp?: string;
  /** When it ended, ISO 8601. */
  endedAt?: string;
  /** The last failed answer, as far as it is kept: at most 8 KiB of its body. */
  answer?: KeptAnswer;
  /** Its attempts and its end by the journal, oldest first. */
  log: LoggedEntry[];
}

/** How long deliveries on hold are kept where the hooks file cannot be used, in ms. */
const defaultKeepMs = 30 * 86_400_000;

/**
 * Tells all that is known of an event.
 * @param prefix its id, or the beginning of it; or the name of a file in `corrupt/`
 * @throws CapnhookError `USAGE`; `NO_INPUT` where no event or several have such an id; as the spool and the journal
 */
export async function showEvent(
  ports: ShowPorts,
  prefix: string,
  { showUrls = false }: { showUrls?: boolean | undefined } = {},
): Promise<ShownEvent> {
  const found = await findEventOrCorrupt(ports, prefix);
  if ('reason' in found) return showCorrupt(describeCorrupt(found));
  const hooks = await loadIfUsable(ports.hooks);
  const book = createEndpointBook(hooks, { showUrls });
  const event = showHead(found, showUrls);
  const keepMs = hooks?.holdKeepMs ?? defaultKeepMs;
  for (const entry of found.entries)
    event.deliveries.push(await showDelivery(ports, entry, { book, keepMs }));
  addLines(event, found, book);
  return event;
}

async function findEventOrCorrupt(ports: FindPorts, name: string): Promise<FoundEvent | QuarantinedEntry> {
  try {
    return await findEvent(ports, name, 'show');
  } catch (error) {
    const corrupt = error instanceof CapnhookError ? await findCorrupt(ports, name) : undefined;
    if (corrupt === undefined) throw error;
    return corrupt;
  }
}

/**
 * The payload of an event.
 * @throws CapnhookError as {@link showEvent}; `NO_INPUT` where it is not kept any more, or is a batch
 */
export async function payloadOf(ports: FindPorts, prefix: string): Promise<Uint8Array> {
  const { id, entries } = await findEvent(ports, prefix, 'show');
  const payload = entries[0]?.payload;
  if (payload !== undefined) return payload;
  const what =
    entries.length > 0
      ? `${id} is a batch that is not queued yet`
      : `the payload of ${id} is not kept any more`;
  throw new CapnhookError('NO_INPUT', `Cannot show: ${what}`, {
    hint:
      entries.length > 0
        ? 'Its file in the spool has one payload a line.'
        : 'sent: {keep: 7d} in the hooks file keeps what is delivered.',
  });
}

function showHead({ id, entries, lines }: FoundEvent, showUrls: boolean): ShownEvent {
  const event: ShownEvent = { id, deliveries: [], log: [] };
  const [first] = entries;
  const hook = first?.header.hook ?? lines.find((line) => line.hook !== undefined)?.hook;
  if (hook !== undefined) event.hook = hook;
  if (first === undefined) return event;
  const { header, payload, events } = first;
  if (header.to !== undefined)
    event.to = header.to.map((value) => endpointData({ id: endpointIdOf(value), url: { value } }, showUrls));
  event.time = header.time;
  event.acceptedAt = isoTime(first.acceptedAt);
  if (payload === undefined && events !== undefined) event.events = events;
  if (payload !== undefined)
    event.payload = { bytes: payload.byteLength, text: Buffer.from(payload).toString('utf8') };
  return event;
}

async function showDelivery(
  { spool, clock }: ShowPorts,
  entry: InspectedEntry,
  { book, keepMs }: { book: EndpointBook; keepMs: number },
): Promise<ShownDelivery> {
  const { endpoint, why } = entry;
  const health = endpoint === undefined ? {} : await spool.inspection.health(endpoint);
  const { id, hook, events, acceptedAt, ...listed } = describeEntry(entry, {
    health,
    book,
    now: clock.now(),
  });
  const shown: ShownDelivery = { ...listed, log: [] };
  if (endpoint === undefined) return shown;
  const answer =
    why !== undefined && 'answer' in why ? why.answer : await spool.inspection.answer(endpoint, id);
  if (answer !== undefined) shown.answer = answer;
  if (entry.state === 'dead' && why?.time !== undefined) shown.endedAt = why.time;
  const givesUp = givesUpOf(entry, listed.state, { health, book, keepMs, clock });
  if (givesUp !== undefined) shown.givesUp = isoTime(givesUp);
  return shown;
}

function givesUpOf(
  { state, endpoint = '', acceptedAt, attempts, dueMs }: InspectedEntry,
  shownState: ListState,
  { health, book, keepMs, clock }: { health: Health; book: EndpointBook; keepMs: number; clock: Clock },
): number | undefined {
  if (state !== 'queued' && state !== 'retry') return undefined;
  const settings = book.settingsOf(endpoint);
  const isOnHold = shownState === 'on-hold';
  const withEndpoint = givesUpAt(health, { acceptedAt, settings, keepMs, isOnHold, ...momentOf(clock) });
  if (state !== 'retry' || dueMs === undefined) return withEndpoint;
  return Math.min(withEndpoint ?? Infinity, aloneGivesUpAt(settings, { dueMs, attempts }));
}

/** Adds the journal's lines to the deliveries, and deliveries that only the journal knows. */
function addLines(event: ShownEvent, { lines }: FoundEvent, book: EndpointBook): void {
  const byEndpoint = new Map(event.deliveries.map((each) => [each.endpoint?.id, each]));
  for (const line of lines) {
    const logged = loggedEntry(line, book.dataOf);
    const { event: _, hook: __, endpoint, ...rest } = logged;
    if (endpoint === undefined) {
      event.log.push(rest);
      continue;
    }
    let delivery = byEndpoint.get(endpoint.id);
    if (delivery === undefined) {
      delivery = { endpoint, state: 'unknown', attempts: 0, log: [] };
      byEndpoint.set(endpoint.id, delivery);
      event.deliveries.push(delivery);
    }
    delivery.log.push(rest);
    if (isOnlyInJournal(delivery)) concludeFrom(delivery, rest);
  }
}

function isOnlyInJournal({ state }: ShownDelivery): boolean {
  return state === 'unknown' || state === 'delivered' || state === 'ended';
}

/** What a line says of a delivery that is not in the spool. */
function concludeFrom(delivery: ShownDelivery, { what, time, attempt, reason }: LoggedEntry): void {
  if (attempt !== undefined) delivery.attempts = Math.max(delivery.attempts, attempt);
  if (what === 'delivered') delivery.state = 'delivered';
  else if (['gave-up', 'refused', 'deregistered', 'dropped', 'expired'].includes(what)) {
    delivery.state = 'ended';
    delivery.why = what;
  } else if (delivery.state !== 'delivered') delivery.state = 'unknown';
  if (delivery.state === 'unknown') delete delivery.endedAt;
  else delivery.endedAt = time;
  if (reason !== undefined) delivery.reason = reason;
}

function showCorrupt({ id, acceptedAt, ...listed }: ListedEntry): ShownEvent {
  const event: ShownEvent = { id, deliveries: [{ ...listed, log: [] }], log: [] };
  if (acceptedAt !== undefined) event.acceptedAt = acceptedAt;
  return event;
}
