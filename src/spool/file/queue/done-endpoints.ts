/** Maximum number of endpoints that are owed nothing and keep their directories: those that were sent to last. */
const maxDone = 256;

export interface DoneEndpoints {
  /** Adds an endpoint with the directory of its last delivery. @returns the oldest one, if there are too many */
  add(endpoint: string, directory: string): { endpoint: string; directory: string } | undefined;
  delete(endpoint: string): void;
}

/** Makes a list of the endpoints that are owed nothing, in the order of their last deliveries. */
export function createDoneEndpoints(): DoneEndpoints {
  const directories = new Map<string, string>();
  return {
    add(endpoint, directory) {
      directories.set(endpoint, directory);
      const [first] = directories;
      if (first === undefined || directories.size <= maxDone) return undefined;
      directories.delete(first[0]);
      return { endpoint: first[0], directory: first[1] };
    },
    delete: (endpoint) => void directories.delete(endpoint),
  };
}
