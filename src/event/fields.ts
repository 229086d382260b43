/** A payload that is put together from fields: `name=Jed`, `user[id]=1`, `tags[]=a`, in the notation of `gh api`. */

/** One field as it was typed. */
export interface Field {
  /** The names that lead to it: `['user', 'id']`. An empty one means an element of a list. */
  path: readonly string[];
  /** What follows the `=`; undefined if there is none, which only an empty list may have. */
  value?: string | undefined;
}

/** A field with its value as JSON text. */
export interface ValuedField {
  path: readonly string[];
  /** JSON text, written as it is; undefined for an empty list. */
  json?: string | undefined;
}

/** The outcome, or why there is none: a clause without a full stop, which shows no value. */
export type FieldsResult<T> = ({ ok: true } & T) | { ok: false; reason: string };

type Node = string | Members | Node[];
type Members = Map<string, Node>;

/** Maximum number of names in a field, so that writing it does not exhaust the stack. */
const maxNames = 100;

const FIELD = /^([^[\]=]+)((?:\[[^[\]=]*\])*)(?:=(.*))?$/s;

/** JSON's literals and numbers (RFC 8259, sections 3 and 6). */
const SCALAR = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;

/**
 * Parses one field.
 *
 * @example
 * parseField('user[id]=1'); // { ok: true, path: ['user', 'id'], value: '1' }
 */
export function parseField(text: string): FieldsResult<Field> {
  const [, first, brackets = '', value] = FIELD.exec(text) ?? [];
  if (first === undefined) {
    const key = text.split('=', 1)[0] ?? '';
    return { ok: false, reason: key === '' ? 'a field has no name' : `${quoted(key)} is not a field's name` };
  }
  const inner = brackets === '' ? [] : brackets.slice(1, -1).split('][');
  const path = [first, ...inner];
  if (path.length > maxNames) return { ok: false, reason: `a field has more than ${maxNames} levels` };
  if (brackets.includes('[][]')) return { ok: false, reason: `${quoted(nameOf(path))} is a list in a list` };
  if (value === undefined && path.at(-1) !== '')
    return { ok: false, reason: `the field ${quoted(nameOf(path))} has no value` };
  return { ok: true, path, value };
}

/** Whether a typed value is a literal or a number of JSON, and so stays as it was typed. */
export function isJsonScalar(text: string): boolean {
  return SCALAR.test(text);
}

/** Writes fields as one JSON object, in their order. Numbers stay as they were typed. */
export function writeFields(fields: readonly ValuedField[]): FieldsResult<{ json: string }> {
  const root: Members = new Map();
  for (const field of fields) {
    if (!addField(root, field))
      return { ok: false, reason: `the field ${quoted(nameOf(field.path))} does not go with one before it` };
  }
  return { ok: true, json: write(root) };
}

/** @returns false if something of another kind, or a value, is there already */
function addField(root: Members, { path, json }: ValuedField): boolean {
  let members = root;
  for (let at = 0; ; at++) {
    const name = path[at]!;
    const isList = path[at + 1] === '';
    const isLast = at + (isList ? 2 : 1) === path.length;
    if (isLast) return isList ? addElement(members, name, json) : addMember(members, name, json);
    const next = isList ? lastOf(members, name, path.slice(at + 2)) : within(members, name);
    if (next === undefined) return false;
    members = next;
    if (isList) at += 1;
  }
}

function addMember(members: Members, name: string, json = ''): boolean {
  if (members.has(name)) return false;
  members.set(name, json);
  return true;
}

function addElement(members: Members, name: string, json: string | undefined): boolean {
  const list = listOf(members, name);
  if (list !== undefined && json !== undefined) list.push(json);
  return list !== undefined;
}

/** The object under a name; undefined if something else is there. */
function within(members: Members, name: string): Members | undefined {
  const found = members.get(name) ?? new Map<string, Node>();
  members.set(name, found);
  return found instanceof Map ? found : undefined;
}

/** The last object of a list, or a new one if that one has the member already. */
function lastOf(
  members: Members,
  name: string,
  [member = '', after]: readonly string[],
): Members | undefined {
  const list = listOf(members, name);
  const last = list?.at(-1);
  // A member that is a list, or an object, may be continued.
  if (
    last instanceof Map &&
    (!last.has(member) || (after !== undefined && typeof last.get(member) !== 'string'))
  )
    return last;
  const added: Members = new Map();
  list?.push(added);
  return list && added;
}

/** The list under a name; undefined if something else is there. */
function listOf(members: Members, name: string): Node[] | undefined {
  const found = members.get(name) ?? [];
  members.set(name, found);
  return Array.isArray(found) ? found : undefined;
}

function write(node: Node): string {
  if (typeof node === 'string') return node;
  if (Array.isArray(node)) return `[${node.map(write).join(',')}]`;
  return `{${[...node].map(([name, value]) => `${JSON.stringify(name)}:${write(value)}`).join(',')}}`;
}

function nameOf([first = '', ...others]: readonly string[]): string {
  return `${first}${others.map((name) => `[${name}]`).join('')}`;
}

function quoted(key: string): string {
  return JSON.stringify(key.slice(0, 60));
}
