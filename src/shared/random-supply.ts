/** So many bytes are fetched in one go. */
const supplyBytes = 4096;

/**
 * Random bytes out of a supply, for who needs a few of them often: each is handed out once.
 * @param random where they come from; so many of them
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
