/** What was begun and must be ended: undone in the opposite order, each at most once, whatever the others do. */
export function createScope() {
  const undo = [];
  return {
    /** @param {() => unknown} end called when the scope is closed; may be async */
    defer(end) {
      undo.push(end);
    },
    /** Ends everything; what fails is told and holds up nothing. */
    async close() {
      for (let end = undo.pop(); end !== undefined; end = undo.pop()) {
        try {
          await end();
        } catch (error) {
          console.error(`bench: could not clean up: ${error.message}`);
        }
      }
    },
  };
}
