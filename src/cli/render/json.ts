/** The version of the shapes. It rises when a member is removed, or gets another meaning. */
const version = 1;

/**
 * Renders a JSON document: an object on one line, whose first member is its version. `docs/json.md` describes each one,
 * `schemas/` checks them.
 */
export function renderJson(data: object): string {
  return `${JSON.stringify({ version, ...data })}\n`;
}
