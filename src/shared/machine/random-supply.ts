/** Bytes read from the source at a time. */
const supplyBytes = 4096;

/**
 * Buffers a source of random bytes for callers that often need a few. Each byte is handed out once.
 * @param random returns the given number of random bytes
 */
export function createRandomSupply(random: (count: number) => Uint8Array): (count: number) => Uint8Array {
  let supply: Uint8Array = new Uint8Array();
  return (count) => {
    if (supply.length < count) supply = random(Math.max(count, supplyBytes));
    const bytes = supply.slice(0, count);
    supply = supply.subarray(count);
    return bytes;
  };
}
