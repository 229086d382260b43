/** What the tests of the library's functions share. */
import { createPlace, type Place } from './place.js';

/** A place, and the options that lead there. */
export function here(): { place: Place; env: Place['env']; options: { env: Place['env'] } } {
  const place = createPlace();
  return { place, env: place.env, options: { env: place.env } };
}
