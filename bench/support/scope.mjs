/** What was begun and must be ended: undone in the opposite order, each once, whatever the others do. */
export function createScope() {
  const undo = [];
  let isClosed = false;

  async function end(undoing) {
    try {
      await undoing();
    } catch (error) {
      console.error(`bench: could not clean up: ${error.message}`);
    }
  }

  return {
    /** @param {() => unknown} undoing called when the scope is closed, or now if it is already; may be async */
    defer(undoing) {
      if (isClosed) end(undoing);
      else undo.push(undoing);
    },
    /** Ends everything; what fails is told and holds up nothing. */
    async close() {
      isClosed = true;
      for (let undoing = undo.pop(); undoing !== undefined; undoing = undo.pop()) await end(undoing);
    },
  };
}
