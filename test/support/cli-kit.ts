/** What the tests of the commands share. */
import { expect } from 'vitest';
import type { Place } from './place.js';

/** Fires `count` events, with the payloads 1, 2, 3, … */
export async function fired(place: Place, hook = 'complete', count = 1): Promise<void> {
  for (let n = 1; n <= count; n += 1)
    expect(await place.run(['fire', hook, '-d', `${n}`])).toMatchObject({ code: 0 });
}

/** A URL whose path, query and user information no output may show. */
export const secret = 'https://me:pa55@a.example/s3cret?token=t0ken';

/** What would give {@link secret} away. */
export const tails: RegExp = /s3cret|t0ken|pa55/;
