import type { DraftSettings } from './draft.js';
import type { Finding, Placed } from './finding.js';
import { entriesOf } from './keys.js';
import { readNumber, readText, wrongType } from './types.js';
import type { TreeEntry } from './yaml-tree.js';

/** The keys that an endpoint and `defaults` have in common. */
export const SETTINGS: readonly string[] = ['timeout', 'concurrency', 'giveUpAfter', 'retry'];

const DURATION = 'must be a duration such as 500ms, 20s, 5m, 2h or 3d';

/** The settings among a map's entries. */
export function readSettings(entries: ReadonlyMap<string, TreeEntry>, findings: Finding[]): DraftSettings {
  const settings: DraftSettings = {};
  for (const { key, value } of entries.values()) {
    if (key === 'timeout' || key === 'giveUpAfter') {
      const read = readText(value, `'${key}' ${DURATION}`, findings);
      if (read !== undefined) settings[key] = read;
    } else if (key === 'concurrency') {
      const read = readNumber(value, "'concurrency' must be a whole number from 1 to 256", findings);
      if (read !== undefined) settings.concurrency = read;
    } else if (key === 'retry') Object.assign(settings, readRetry(value, findings));
  }
  return settings;
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
  const waits = schedule && readSchedule(schedule.value, findings);
  const share = jitter && readNumber(jitter.value, "'jitter' must be a number from 0 to 1", findings);
  return { ...(waits && { schedule: waits }), ...(share && { jitter: share }) };
}

function readSchedule(tree: TreeEntry['value'], findings: Finding[]): DraftSettings['schedule'] | undefined {
  if (tree.kind !== 'list') return wrongType(tree, "'schedule' must be a list of durations", findings);
  const waits = tree.items.map((item) => readText(item, `a wait in 'schedule' ${DURATION}`, findings));
  return { at: tree.at, value: waits.filter((wait): wait is Placed<string> => wait !== undefined) };
}
