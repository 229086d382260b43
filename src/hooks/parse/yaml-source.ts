/**
 * YAML text → its one document. Never throws: problems are returned as findings.
 * No message quotes the file, which may contain secrets. Nesting is limited
 * before any recursive code runs: a hundred thousand brackets crash the library
 * (and V8's regular expressions).
 */
import { Composer, type CST, type Document, Parser, type YAMLError } from 'yaml';
import type { Finding } from './finding.js';

const MAX_DEPTH = 64;

/** Parses the first document of a YAML text, with offsets and source tokens of its nodes, and its problems. */
export function readDocument(text: string): { document: Document.Parsed | undefined; findings: Finding[] } {
  const tokens = [...new Parser().parse(text)];
  const deep = tokens.find((token) => depthOf(token) > MAX_DEPTH);
  if (deep !== undefined) {
    const message = `this is nested more than ${MAX_DEPTH} levels deep`;
    return { document: undefined, findings: [{ at: 'offset' in deep ? deep.offset : 0, message }] };
  }
  // Duplicate keys are found in yaml-tree.ts: the library's check takes quadratic time.
  const composer = new Composer({ uniqueKeys: false, keepSourceTokens: true, resolveKnownTags: false });
  const documents = [...composer.compose(tokens, true, text.length)];
  const findings = documents.flatMap((one) => [...one.errors, ...one.warnings].map(inOwnWords));
  if (documents.length > 1) findings.push(secondDocument(documents[0]!, text));
  return { document: documents[0] as Document.Parsed | undefined, findings };
}

/** The nesting depth of a token's collections. Iterative, because deep nesting would overflow the stack. */
function depthOf(root: CST.Token): number {
  let deepest = 0;
  const open: [unknown, number][] = [[root, 0]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [token, depth] = next;
    if (typeof token !== 'object' || token === null) continue;
    deepest = Math.max(deepest, depth);
    if ('value' in token) open.push([token.value, depth]);
    if (!('items' in token) || !Array.isArray(token.items)) continue;
    for (const item of token.items) open.push([item.key, depth + 1], [item.value, depth + 1]);
  }
  return deepest;
}

function secondDocument(first: Document, text: string): Finding {
  const marker = text.indexOf('\n---', first.range?.[1] ?? 0);
  const at = marker < 0 ? (first.range?.[2] ?? 0) : marker + 1;
  return { at, message: "a second document begins here; a hooks file is one document, so remove this '---'" };
}

function inOwnWords({ code, message, pos }: YAMLError): Finding {
  const at = pos[0];
  if (code === 'TAG_RESOLVE_FAILED') return { at, message: 'tags (!…) are not supported here' };
  if (code === 'BAD_DIRECTIVE') return { at, message: 'this % directive is not supported here' };
  // "Unexpected scalar token in YAML stream: "<text of the file>""
  const [said] = message.split(/: ["|>]|(?<=escape sequence) /);
  return { at, message: `not valid YAML: ${said!.charAt(0).toLowerCase()}${said!.slice(1)}` };
}
