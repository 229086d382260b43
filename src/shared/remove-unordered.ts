/**
 * Removes a value from a list whose order does not matter, as the last one takes its place.
 *
 * For lists through which each delivery goes, a Set costs more: whenever it
 * makes itself a new table the old one points to it, and where an old one has
 * outlived the young generation all later ones do, with what was in them.
 */
export function removeUnordered<T>(list: T[], value: T): void {
  const at = list.indexOf(value);
  if (at < 0) return;
  const last = list.pop()!;
  if (at < list.length) list[at] = last;
}
