/**
 * What must hold after every fault: accepted ⊆ delivered ∪ queued ∪ unclaimed ∪ dead, for
 * each endpoint; what was delivered are the bytes that were accepted; and every
 * repeat is explained by an attempt in flight at a crash.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../../src/shared/errors.js';

/** Where events and deliveries are at this moment, by the names of their files. */
export interface Ledger {
  /** Events accepted and not fanned out; those of a batch one by one. */
  incoming: ReadonlySet<string>;
  /** Events that nobody was registered for; those of a batch one by one. */
  unclaimed: ReadonlySet<string>;
  /** `<endpoint> <event id>` of what waits in `queue/` or `retry/`. */
  owed: ReadonlySet<string>;
  /** `<endpoint> <event id>` of what was given up. */
  dead: ReadonlySet<string>;
  /** Names in `corrupt/`, without the reasons beside them. */
  corrupt: readonly string[];
}

/** Reads a spool. While somebody drains it, what is just moving may be seen twice or not at all. */
export function readLedger(spool: string): Ledger {
  const owed = new Set<string>();
  const dead = new Set<string>();
  for (const endpoint of names(spool, 'queue')) {
    for (const segment of names(spool, `queue/${endpoint}`))
      for (const id of eventsInSegment(spool, `queue/${endpoint}/${segment}`)) owed.add(`${endpoint} ${id}`);
  }
  for (const endpoint of names(spool, 'retry'))
    for (const name of names(spool, `retry/${endpoint}`)) owed.add(`${endpoint} ${idIn(name)}`);
  for (const endpoint of names(spool, 'dead')) {
    for (const name of names(spool, `dead/${endpoint}`))
      if (!name.endsWith('.why.json')) dead.add(`${endpoint} ${idIn(name)}`);
  }
  const incoming = names(spool, 'incoming').flatMap((name) => eventsIn(spool, `incoming/${name}`));
  const kept = names(spool, 'unclaimed').filter((name) => !name.endsWith('.why.json'));
  const unclaimed = kept.flatMap((name) => eventsIn(spool, `unclaimed/${name}`));
  const corrupt = names(spool, 'corrupt').filter((name) => !name.endsWith('.why'));
  return { incoming: new Set(incoming), unclaimed: new Set(unclaimed), owed, dead, corrupt };
}

export interface OracleOptions {
  spool: string;
  /** The payloads that were accepted (exit code 0, or the call resolved), by event id. */
  accepted: ReadonlyMap<string, string>;
  /** Of each endpoint what it received, by event id: every body, in order. */
  received: Readonly<Record<string, ReadonlyMap<string, readonly string[]>>>;
  /** How often `<endpoint> <event id>` may have come again; default never. */
  mayRepeat?: (key: string) => number;
}

/** Everything that is lost, torn, or repeated without a reason, in words; empty if the promises hold. */
export function problemsOf({ spool, accepted, received, mayRepeat = () => 0 }: OracleOptions): string[] {
  const ledger = readLedger(spool);
  const problems: string[] = [];
  for (const [endpoint, bodies] of Object.entries(received)) {
    for (const [id, payload] of accepted) {
      const key = `${endpoint} ${id}`;
      const got = bodies.get(id) ?? [];
      const isWhole = ledger.incoming.has(id) || ledger.unclaimed.has(id);
      const kept = isWhole || ledger.owed.has(key) || ledger.dead.has(key);
      if (got.length === 0 && !kept) problems.push(`lost: ${key}`);
      if (got.some((body) => body !== payload)) problems.push(`torn: ${key}`);
      if (got.length - 1 > mayRepeat(key)) problems.push(`repeated ${got.length - 1} times: ${key}`);
    }
  }
  return problems;
}

function names(spool: string, directory: string): string[] {
  const entries = unlessGone(() => readdirSync(join(spool, directory))) ?? [];
  return entries.filter((name) => !name.startsWith('.'));
}

/** `<id>.json`, or `<due>.<attempts>.<id>.json`. */
function idIn(name: string): string {
  return name.split('.').at(-2) ?? name;
}

/** The events of an entry in `incoming/` or `unclaimed/`: a batch has a header line, and one payload a line. */
function eventsIn(spool: string, path: string): string[] {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const id = idIn(name);
  if (!name.endsWith('.jsonl')) return [id];
  const text = unlessGone(() => readFileSync(join(spool, path), 'utf8')) ?? '';
  const lines = text.trimEnd().split('\n').length - 1;
  return Array.from({ length: lines }, (_, index) => `${id}_${index + 1}`);
}

/** The events of a segment: of a batch those whose byte is not `x`; one that is `>` counts wherever it is, too. */
function eventsInSegment(spool: string, segment: string): string[] {
  const files = names(spool, segment);
  const [, count, id] = /\/\d+\.(\d+)\.([^/]+)$/.exec(segment) ?? [];
  if (id === undefined) return files.map(idIn);
  if (!files.includes(`${id}.jsonl`)) return [];
  const progress = unlessGone(() => readFileSync(join(spool, segment, `${id}.done`), 'utf8')) ?? '';
  const numbers = Array.from({ length: Number(count) }, (_, index) => index + 1);
  return numbers.filter((n) => progress[n - 1] !== 'x').map((n) => `${id}_${n}`);
}

function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
