/** Finds an event by its id, or by a part of it that no other id begins with. */
import { isBeginningOf, isEventId, isGeneratedId, timeOfId } from '../../event/event-id.js';
import type { JournalEntry, JournalReader } from '../../journal/journal.js';
import { CapnhookError } from '../../shared/errors.js';
import { shown } from '../../shared/shown.js';
import { entryStates, type InspectedEntry, type QuarantinedEntry } from '../../spool/inspection.js';
import type { Spool } from '../../spool/spool.js';

export interface FindPorts {
  spool: Pick<Spool, 'inspection'>;
  journal: JournalReader;
}

/** What is known of an event. */
export interface FoundEvent {
  id: string;
  /** Its deliveries, or the event itself where it has none. */
  entries: readonly InspectedEntry[];
  /** Its lines in the journal, oldest first. */
  lines: readonly JournalEntry[];
}

/** Maximum number of ids that are offered where one is ambiguous. */
const maxCandidates = 5;

/** An id has at least this many characters in common with those that are offered where it is not known. */
const minAlike = 8;

/** Length of `evt_` and the ten characters that tell the time. */
const timedLength = 14;

/** Length of an id that was generated. */
const idLength = 30;

/** How far the journal's clock may be behind that of an id, in ms. */
const slackMs = 86_400_000;

/**
 * Finds an event in the spool, and in the journal.
 * @param prefix its id, or the beginning of it
 * @param doing as in "Cannot <doing>: …"
 * @throws CapnhookError `USAGE`; `NO_INPUT` where no event or several have such an id, with up to 5 that have
 */
export async function findEvent(ports: FindPorts, prefix: string, doing: string): Promise<FoundEvent> {
  if (!isEventId(prefix))
    throw new CapnhookError('USAGE', `Cannot ${doing}: ${shown(prefix)} is not an event's id`, {
      hint: 'capnhook list shows the ids.',
    });
  const known = isGeneratedId(prefix) ? await findWhole(ports, prefix) : undefined;
  if (known !== undefined) return known;
  const inSpool = await entriesById(ports, prefix);
  if (inSpool.has(prefix)) {
    const lines = (await linesById(ports, prefix, { isWhole: true })).get(prefix) ?? [];
    return { id: prefix, entries: inSpool.get(prefix)!, lines };
  }
  if (inSpool.size > 1) throw ambiguous(prefix, [...inSpool.keys()], doing);
  const inJournal = await linesById(ports, prefix, {
    isWhole: prefix.length >= idLength && inSpool.size === 0,
  });
  const ids = inJournal.has(prefix) ? [prefix] : [...new Set([...inSpool.keys(), ...inJournal.keys()])];
  if (ids.length > 1) throw ambiguous(prefix, ids, doing);
  const [id] = ids;
  if (id !== undefined && isBeginningOf(prefix, id))
    return { id, entries: inSpool.get(id) ?? [], lines: inJournal.get(id) ?? [] };
  const batch = await findBatch(ports, prefix);
  if (batch !== undefined) return batch;
  throw unknown(prefix, await alike(ports, prefix), doing);
}

/** Finds the event with exactly this id, without a look at others. */
async function findWhole({ spool, journal }: FindPorts, id: string): Promise<FoundEvent | undefined> {
  const entries: InspectedEntry[] = [];
  for await (const entry of spool.inspection.entries({ states: entryStates, ids: [id] }))
    entries.push(entries.length === 0 ? entry : withoutPayload(entry));
  const lines = (await linesById({ spool, journal }, id, { isWhole: true })).get(id) ?? [];
  return entries.length === 0 && lines.length === 0 ? undefined : { id, entries, lines };
}

/** The entry of `corrupt/` with this name, if there is one. */
export async function findCorrupt({ spool }: FindPorts, name: string): Promise<QuarantinedEntry | undefined> {
  for await (const entry of spool.inspection.quarantined()) if (entry.name === name) return entry;
  return undefined;
}

/** The entries of the event with this id; otherwise of events whose ids begin so, of a few more than can be offered. */
async function entriesById({ spool }: FindPorts, prefix: string): Promise<Map<string, InspectedEntry[]>> {
  const found = new Map<string, InspectedEntry[]>();
  for await (const entry of spool.inspection.entries({ states: entryStates, id: prefix })) {
    const { id } = entry.header;
    const known = found.get(id);
    if (known !== undefined) known.push(withoutPayload(entry));
    else if (found.size <= maxCandidates || id === prefix) found.set(id, [entry]);
    else if (prefix.length < idLength) break; // it is no whole id
  }
  return found;
}

/** The first entry has the payload; of a large event with many endpoints it is in memory once. */
function withoutPayload(entry: InspectedEntry): InspectedEntry {
  return entry.payload === undefined ? entry : { ...entry, payload: new Uint8Array() };
}

/** An id of the user's own may look like a generated one, of a time that is not its own: then all lines are looked at. */
async function linesById(
  { journal }: FindPorts,
  prefix: string,
  { isWhole }: { isWhole: boolean },
): Promise<Map<string, JournalEntry[]>> {
  const since = sinceOf(prefix);
  const found = await linesSince(journal, prefix, { isWhole, since });
  return found.size > 0 || since === undefined ? found : linesSince(journal, prefix, { isWhole });
}

async function linesSince(
  journal: JournalReader,
  prefix: string,
  { isWhole, since }: { isWhole: boolean; since?: number },
): Promise<Map<string, JournalEntry[]>> {
  const found = new Map<string, JournalEntry[]>();
  const mentions = `"event":"${prefix}${isWhole ? '"' : ''}`;
  for await (const line of journal.entries({ since, mentions })) {
    const { event } = line;
    if (event === undefined || line.what === 'corrupt' || !event.startsWith(prefix)) continue;
    const known = found.get(event);
    if (known !== undefined) known.push(line);
    else if (found.size <= maxCandidates || event === prefix) found.set(event, [line]);
    else if (!isWhole && prefix.length < idLength) break;
  }
  return found;
}

/** The earliest time at which an event can have happened whose id begins so; undefined where the id tells no time. */
function sinceOf(prefix: string): number | undefined {
  const time = timeOfId(
    prefix.length >= timedLength
      ? `${prefix.slice(0, timedLength)}${'0'.repeat(16)}`
      : prefix.padEnd(idLength, '0'),
  );
  return time === undefined ? undefined : time - slackMs;
}

/** The batch, not queued yet, that an event belongs to. */
async function findBatch({ spool }: FindPorts, id: string): Promise<FoundEvent | undefined> {
  const batchId = /^(.+)_[1-9]\d*$/.exec(id)?.[1];
  if (batchId === undefined) return undefined;
  const states = ['incoming', 'unclaimed', 'dead'] as const;
  for await (const entry of spool.inspection.entries({ states, ids: [batchId] }))
    if (entry.header.id === batchId && entry.payload === undefined)
      return { id: batchId, entries: [entry], lines: [] };
  return undefined;
}

/** A few ids that begin as this one does. */
async function alike({ spool }: FindPorts, id: string): Promise<string[]> {
  const start = id.slice(0, -4);
  const found = new Set<string>();
  if (start.length < minAlike) return [];
  for await (const { header } of spool.inspection.entries({ states: entryStates, id: start })) {
    found.add(header.id);
    if (found.size >= maxCandidates) break;
  }
  return [...found];
}

function ambiguous(prefix: string, ids: readonly string[], doing: string): CapnhookError {
  const many = ids.length > maxCandidates ? 'many events' : `${ids.length} events`;
  return new CapnhookError('NO_INPUT', `Cannot ${doing}: the ids of ${many} begin with ${prefix}`, {
    problems: ids.slice(0, maxCandidates).map((message) => ({ message })),
    hint: 'Give more of the id.',
  });
}

function unknown(prefix: string, ids: readonly string[], doing: string): CapnhookError {
  const message = `Cannot ${doing}: neither the spool nor the journal has an event ${shown(prefix)}`;
  const hint =
    ids.length === 0
      ? 'capnhook list shows the ids.'
      : 'These begin in the same way; capnhook list shows all.';
  return new CapnhookError('NO_INPUT', message, { problems: ids.map((message) => ({ message })), hint });
}
