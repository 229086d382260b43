/** A room with so many places: whoever finds none waits. */
export interface Places {
  /** Resolves when there is a place, to how it is left. */
  enter(): Promise<() => void>;
}

/** @param count how many places there are */
export function createPlaces(count: number): Places {
  const waiting: Array<() => void> = [];
  let free = count;

  function leave(): void {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  }

  return {
    async enter() {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      return leave;
    },
  };
}
