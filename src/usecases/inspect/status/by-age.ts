/** Numbers of deliveries by age. Pure. */
import { isoTime } from '../../../shared/iso-time.js';
import type { Ages } from '../../../spool/ages.js';
import type { ByAge, QueuedByAge } from './status-data.js';

/** Upper bounds of the ages that are told, in ms: a minute, five minutes, an hour, a day. */
export const ageBoundsMs: readonly number[] = [60_000, 300_000, 3_600_000, 86_400_000];

/** What waits, as data. @param ages by {@link ageBoundsMs} */
export function queuedByAge({ counts, oldestAt }: Ages): QueuedByAge {
  const [under1m = 0, under5m = 0, under1h = 0, under1d = 0, older = 0] = counts;
  const queued: QueuedByAge = {
    total: under1m + under5m + under1h + under1d + older,
    byAge: { under1m, under5m, under1h, under1d, older },
  };
  if (oldestAt !== undefined) queued.oldest = isoTime(oldestAt);
  return queued;
}

/** The sum of what waits in several places. */
export function sumByAge(all: readonly QueuedByAge[]): QueuedByAge {
  const byAge: ByAge = { under1m: 0, under5m: 0, under1h: 0, under1d: 0, older: 0 };
  for (const each of all)
    for (const age of Object.keys(byAge) as Array<keyof ByAge>) byAge[age] += each.byAge[age];
  const sum: QueuedByAge = { total: all.reduce((total, each) => total + each.total, 0), byAge };
  const oldest = all.flatMap((each) => each.oldest ?? []).sort()[0];
  if (oldest !== undefined) sum.oldest = oldest;
  return sum;
}
