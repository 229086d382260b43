/** The same, with every failed system call of its methods told in words. */
export function inWords<T extends object>(methods: T, tell: (error: unknown) => Error): T {
  function wrapped(method: (...args: never[]) => unknown): (...args: never[]) => unknown {
    return (...args) => {
      try {
        const result = method(...args);
        return result instanceof Promise
          ? result.catch((error: unknown) => Promise.reject(tell(error)))
          : result;
      } catch (error) {
        throw tell(error);
      }
    };
  }
  const all = Object.entries(methods).map(([name, value]) => {
    return [name, typeof value === 'function' ? wrapped(value) : value];
  });
  return Object.fromEntries(all) as T;
}
