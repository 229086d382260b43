/** `control/<id>.json`: the text of a wish, its selection's members beside its own. */
import { type EntryState, entryStates } from '../../inspection.js';
import type { Selection } from '../../selection.js';
import type { Wish } from '../../wish.js';

/** A text that was read: a wish, one that a newer version may know, or none at all. */
export type ReadWish =
  | { kind: 'wish'; wish: Wish }
  | { kind: 'unknown'; reason: string }
  | { kind: 'garbage' };

/** The text of a wish. */
export function wishToText({ kind, select, ...rest }: Wish): string {
  return `${JSON.stringify({ capnhook: 1, request: kind, ...select, ...rest })}\n`;
}

type Check = (value: unknown) => boolean;

/** The latest time that can be written as ISO 8601 with a year of four digits, ms since the epoch. */
const latestMs = Date.parse('9999-12-31T23:59:59.999Z');

const isText: Check = (value) => typeof value === 'string';
const isTime: Check = (value) =>
  Number.isFinite(value) && (value as number) >= 0 && (value as number) <= latestMs;
const areTexts: Check = (value) => Array.isArray(value) && value.every(isText);
/** What a request names becomes part of a path. */
const areEndpoints: Check = (value) => Array.isArray(value) && value.every(isEndpointDirectory);

const isArchive: Check = (value) => typeof value === 'string' && /^[A-Za-z0-9_-]{1,128}$/.test(value);
const isRate: Check = (value) => {
  const { count, perMs } = (value ?? {}) as { count?: unknown; perMs?: unknown };
  return [count, perMs].every((each) => Number.isSafeInteger(each) && (each as number) >= 1);
};

/** The members of a selection. */
const ofSelection: Record<keyof Selection, Check> = {
  hook: isText,
  endpoints: areEndpoints,
  ids: areTexts,
  since: isTime,
  before: isTime,
  states: areTexts,
  reasons: areTexts,
};

interface Members {
  /** Those that it may have, a selection's aside. */
  has: Record<string, Check>;
  /** Those that must be there. */
  needs: readonly string[];
  /** Whether of a selection it has the endpoints alone; default false. */
  isOfEndpoints?: boolean;
}

/** The members of each kind of wish. */
const kinds: Record<Wish['kind'], Members> = {
  retry: { has: {}, needs: [] },
  export: { has: { by: isText }, needs: ['by'] },
  import: { has: { archive: isArchive }, needs: ['archive'], isOfEndpoints: true },
  replay: { has: { rate: isRate }, needs: [] },
  drop: { has: { by: isText }, needs: ['by'] },
  deregister: { has: {}, needs: ['endpoints'] },
  pause: {
    has: { by: isText, why: isText, until: isTime },
    needs: ['endpoints', 'by'],
    isOfEndpoints: true,
  },
  resume: { has: {}, needs: ['endpoints'], isOfEndpoints: true },
};

/** Reads the text of a wish. Pure. */
export function parseWish(text: string): ReadWish {
  const value = parseObject(text);
  if (value === undefined || typeof value.request !== 'string') return { kind: 'garbage' };
  const { capnhook = 1, request, ...members } = value;
  if (capnhook !== 1) return { kind: 'unknown', reason: 'it has a newer format' };
  if (!Object.hasOwn(kinds, request)) return { kind: 'unknown', reason: `this version cannot ${request}` };
  const { has, needs, isOfEndpoints = false } = kinds[request as Wish['kind']];
  const selects = isOfEndpoints ? { endpoints: areEndpoints } : ofSelection;
  const checks: Record<string, Check> = { ...selects, ...has };
  const strange = Object.keys(members).find((name) => !Object.hasOwn(checks, name));
  if (strange !== undefined) return { kind: 'unknown', reason: `this version does not know its ${strange}` };
  if (hasStrangeState(members.states))
    return { kind: 'unknown', reason: 'this version does not know its states' };
  const isWhole = needs.every((name) => name in members);
  if (!isWhole || !Object.entries(members).every(([name, each]) => checks[name]?.(each)))
    return { kind: 'garbage' };
  const [select, own]: Record<string, unknown>[] = [{}, {}];
  for (const [name, each] of Object.entries(members)) (name in ofSelection ? select! : own!)[name] = each;
  return { kind: 'wish', wish: { kind: request, select, ...own } as unknown as Wish };
}

/** To obey the others of its states alone would be to obey it in part. */
function hasStrangeState(states: unknown): boolean {
  if (!areTexts(states)) return false;
  return (states as string[]).some((state) => !entryStates.includes(state as EntryState));
}

function parseObject(text: string): ({ request?: unknown } & Record<string, unknown>) | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isEndpointDirectory(text: unknown): boolean {
  return typeof text === 'string' && /^[A-Za-z0-9_][A-Za-z0-9._~-]{0,127}$/.test(text);
}
