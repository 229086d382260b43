/**
 * Prints how the code in `src` is built: sizes of functions, files and rooms, import cycles, imports that point up, and
 * expressions that are hard to read. Run it with `npm run figures`.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** Functions with more lines are listed. */
const maxFunctionLines = 80;

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const { modules, summary } = readImports();
const files = modules.map(({ source }) => measureFile(source));
const functions = files.flatMap((file) => file.functions);
const longFunctions = functions
  .filter(({ lines }) => lines > maxFunctionLines)
  .sort((a, b) => b.lines - a.lines);
const longestFile = files.reduce((longest, file) => (file.lines > longest.lines ? file : longest));
const [fullestRoom, filesInRoom] = fullest(files.map(({ path }) => dirname(path)));
const spreads = files.flatMap((file) => file.spreads);
const nested = files.flatMap((file) => file.nested);

const rows = [
  ['files', files.length],
  ['longest file', `${longestFile.lines} lines  ${longestFile.path}`],
  ['most files in a room', `${filesInRoom}  ${fullestRoom}`],
  ['functions', functions.length],
  [`functions over ${maxFunctionLines} lines`, longFunctions.length],
  ...longFunctions.map(({ name, lines }) => ['', `${lines} lines  ${name}  ${reasonFor(name)}`]),
  ['import cycles', violations(/^no-cycles$/).length],
  ['imports that point up', violations(/-looks-down$|^adapters-know-no-adapters$/).length],
  ['conditional spreads', spreads.length],
  ...spreads.map((place) => ['', place]),
  ['nested conditionals', nested.length],
  ...nested.map((place) => ['', place]),
];
const width = Math.max(...rows.map(([label]) => label.length));
for (const [label, value] of rows) console.log(`${label.padEnd(width)}  ${value}`);
await import('./way.mjs');

/** Where the reason for a long function is given. */
function reasonFor(name) {
  const page = 'docs/architecture.md';
  const isGiven = readFileSync(page, 'utf8').includes(`| \`${name.split(' ').at(-1)}\` |`);
  return isGiven ? `(reason: ${page}, Figures)` : '(NO REASON GIVEN)';
}

/** The modules of `src`, and the broken rules, by dependency-cruiser. */
function readImports() {
  const arguments_ = ['node_modules/.bin/depcruise', 'src', '--output-type', 'json'];
  const json = execFileSync(process.execPath, arguments_, { encoding: 'utf8', maxBuffer: 1 << 28 });
  const { modules, summary } = JSON.parse(json);
  return { modules: modules.filter(({ source }) => source.startsWith('src/')), summary };
}

function violations(rule) {
  return summary.violations.filter((violation) => rule.test(violation.rule.name));
}

/** The directory with most files, and their number. */
function fullest(rooms) {
  const counts = new Map();
  for (const room of rooms) counts.set(room, (counts.get(room) ?? 0) + 1);
  return [...counts].reduce((most, entry) => (entry[1] > most[1] ? entry : most));
}

function measureFile(path) {
  const text = readFileSync(path, 'utf8');
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const file = { path, lines: text.split('\n').length - 1, functions: [], spreads: [], nested: [] };
  const lineOf = (at) => source.getLineAndCharacterOfPosition(at).line + 1;

  function visit(node) {
    const place = `${path}:${lineOf(node.getStart())}`;
    if (ts.isFunctionLike(node) && node.body) {
      const lines = lineOf(node.end) - lineOf(node.getStart()) + 1;
      file.functions.push({ name: `${place} ${nameOf(node)}`, lines });
    }
    if (isConditionalSpread(node)) file.spreads.push(place);
    if (isNestedConditional(node)) file.nested.push(place);
    ts.forEachChild(node, visit);
  }

  visit(source);
  return file;
}

function nameOf({ name, parent }) {
  return name?.getText() ?? parent.name?.getText() ?? '(anonymous)';
}

/** `...(x && { x })`, `...(x ? { x } : {})` or `...{ a, b }` in an object. */
function isConditionalSpread(node) {
  if (!ts.isSpreadAssignment(node)) return false;
  const spread = inner(node.expression);
  const isLogical =
    ts.isBinaryExpression(spread) && spread.operatorToken.kind !== ts.SyntaxKind.QuestionQuestionToken;
  return isLogical || ts.isConditionalExpression(spread) || ts.isObjectLiteralExpression(spread);
}

/** A conditional directly within another one. */
function isNestedConditional(node) {
  if (!ts.isConditionalExpression(node)) return false;
  const parts = [node.condition, node.whenTrue, node.whenFalse];
  return parts.some((part) => ts.isConditionalExpression(inner(part)));
}

function inner(node) {
  return ts.isParenthesizedExpression(node) ? inner(node.expression) : node;
}
