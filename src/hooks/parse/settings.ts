import type { DraftDefaults, DraftSettings } from './draft.js';
import type { Finding, Positioned } from './finding.js';
import { entriesOf } from './keys.js';
import { DROP, MUST_BE, NONE } from './must-be.js';
import { readNumber, readText, wrongType } from './types.js';
import type { TreeEntry } from './yaml-tree.js';

/** The keys that an endpoint and `defaults` have in common. */
export const SETTINGS: readonly string[] = [
  'timeout',
  'concurrency',
  'rate',
  'order',
  'onFailure',
  'giveUpAfter',
  'retry',
  'sent',
  'onChange',
];

/** The keys of `defaults`. */
export const DEFAULTS: readonly string[] = [
  ...SETTINGS,
  'maxInFlight',
  'alert',
  'hold',
  'unclaimed',
  'journal',
  'dead',
];

const DURATION = 'must be a duration such as 500ms, 20s, 5m, 2h or 3d';
const ON_CHANGE = "'onChange' must be a map with 'command', or 'none'";
const SENT = "'sent' must be a map such as {keep: 7d, maxBytes: 1GiB}, or 'none'";
const SIZE = 'must be a size such as 500MiB, 1GiB or 10GB';
const RATE = "'rate' must be a rate such as 10/s, 100/m, 1000/h or 5000/d, or 'none'";

/** Reads the settings of an endpoint or of `defaults`. */
export function readSettings(entries: ReadonlyMap<string, TreeEntry>, findings: Finding[]): DraftSettings {
  const settings: DraftSettings = {};
  for (const { key, value } of entries.values()) {
    if (key === 'timeout' || key === 'giveUpAfter') {
      settings[key] = readText(value, `'${key}' ${DURATION}`, findings);
    } else if (key === 'concurrency') {
      settings.concurrency = readNumber(value, MUST_BE.concurrency, findings);
    } else if (key === 'rate' || key === 'order' || key === 'onFailure') {
      settings[key] = readText(value, key === 'rate' ? RATE : MUST_BE[key], findings);
    } else if (key === 'retry') Object.assign(settings, readRetry(value, findings));
    else if (key === 'sent') Object.assign(settings, readSent(value, findings));
    else if (key === 'onChange') Object.assign(settings, readOnChange(value, findings));
  }
  return settings;
}

/** Reads the settings of `defaults`. */
export function readDefaults(entries: ReadonlyMap<string, TreeEntry>, findings: Finding[]): DraftDefaults {
  const [maxInFlight, alert] = [entries.get('maxInFlight'), entries.get('alert')];
  return {
    maxInFlight: maxInFlight && readNumber(maxInFlight.value, MUST_BE.maxInFlight, findings),
    alert: alert && readText(alert.value, "'alert' must be the name of a hook", findings),
    ...readSettings(entries, findings),
    holdKeep: readKeep(entries.get('hold'), findings),
    journalKeep: readKeep(entries.get('journal'), findings),
    deadKeep: readKeep(entries.get('dead'), findings),
    unclaimed: readKeep(entries.get('unclaimed'), findings, { or: DROP }),
  };
}

/**
 * Reads the duration of a setting that is a map with `keep`: `hold: {keep: 30d}`.
 * @param options.or a word that is allowed instead of the map
 */
function readKeep(
  entry: TreeEntry | undefined,
  findings: Finding[],
  { or }: { or?: string } = {},
): Positioned<string> | undefined {
  if (entry === undefined) return undefined;
  const { key, value } = entry;
  if (value.kind === 'scalar' && value.value === or) return readText(value, '', findings);
  if (value.kind !== 'map') {
    const word = or === undefined ? '' : `, or '${or}'`;
    return wrongType(value, `'${key}' must be a map with 'keep', such as {keep: 30d}${word}`, findings);
  }
  const keep = entriesOf(value, ['keep'], findings).get('keep');
  const read = keep && readText(keep.value, `'keep' ${DURATION}`, findings);
  // The word replaces the map; it is not a value of `keep`.
  return keep && read?.value === or ? wrongType(keep.value, `'keep' ${DURATION}`, findings) : read;
}

function readSent(tree: TreeEntry['value'], findings: Finding[]): Pick<DraftSettings, 'sent'> {
  if (tree.kind === 'scalar' && tree.value === NONE) return { sent: { at: tree.at, value: NONE } };
  if (tree.kind !== 'map') {
    wrongType(tree, SENT, findings);
    return {};
  }
  const entries = entriesOf(tree, ['keep', 'maxBytes'], findings);
  const [keep, maxBytes] = [entries.get('keep'), entries.get('maxBytes')];
  const value = {
    keep: keep && readText(keep.value, `'keep' ${DURATION}`, findings),
    maxBytes: maxBytes && readText(maxBytes.value, `'maxBytes' ${SIZE}`, findings),
  };
  return { sent: { at: tree.at, value } };
}

function readOnChange(tree: TreeEntry['value'], findings: Finding[]): Pick<DraftSettings, 'onChange'> {
  if (tree.kind === 'scalar' && tree.value === NONE) return { onChange: { at: tree.at, value: [] } };
  const command = tree.kind === 'map' ? entriesOf(tree, ['command'], findings).get('command') : undefined;
  if (command === undefined) {
    // An unknown key was already reported.
    if (tree.kind !== 'map' || tree.entries.length === 0) wrongType(tree, ON_CHANGE, findings);
    return {};
  }
  const { value } = command;
  if (value.kind !== 'list' || value.items.length === 0) {
    wrongType(value, "'command' must be a list: a program and its arguments", findings);
    return {};
  }
  const words = value.items.map((item) => readText(item, "each part of 'command' must be text", findings));
  return { onChange: { at: value.at, value: words.filter((word) => word !== undefined) } };
}

function readRetry(
  tree: TreeEntry['value'],
  findings: Finding[],
): Pick<DraftSettings, 'schedule' | 'jitter'> {
  if (tree.kind !== 'map') {
    wrongType(tree, "'retry' must be a map with 'schedule' or 'jitter'", findings);
    return {};
  }
  const entries = entriesOf(tree, ['schedule', 'jitter'], findings);
  const [schedule, jitter] = [entries.get('schedule'), entries.get('jitter')];
  return {
    schedule: schedule && readSchedule(schedule.value, findings),
    jitter: jitter && readNumber(jitter.value, "'jitter' must be a number from 0 to 1", findings),
  };
}

function readSchedule(tree: TreeEntry['value'], findings: Finding[]): DraftSettings['schedule'] | undefined {
  if (tree.kind !== 'list') return wrongType(tree, "'schedule' must be a list of durations", findings);
  const waits = tree.items.map((item) => readText(item, `a wait in 'schedule' ${DURATION}`, findings));
  return { at: tree.at, value: waits.filter((wait): wait is Positioned<string> => wait !== undefined) };
}
