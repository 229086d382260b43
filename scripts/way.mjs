/**
 * Counts the way of an event through `src`, from `fire` to the delivery: calls, and how often they go from one file
 * into another, there and back. Prints it for a single event with all that a start needs, and for one more.
 * `npm run figures` runs it; `node scripts/way.mjs DIRECTORY` does so for the checkout of another version.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';

const root = resolve(process.argv[2] ?? '.');
const out = mkdtempSync(join(root, 'node_modules/.way-'));
/** `current` is the file that a call is in. */
const way = { calls: 0, stays: 0, current: '', files: new Set() };

globalThis.way = {
  enter(file) {
    const before = way.current;
    way.calls += 1;
    way.files.add(file);
    move(file);
    return before;
  },
  leave: move,
};

function move(file) {
  if (way.current !== file) way.stays += 1;
  way.current = file;
}

try {
  const files = readdirSync(join(root, 'src'), { recursive: true }).filter((name) => name.endsWith('.ts'));
  for (const file of files) translate(`src/${file}`);
  writeFileSync(join(out, 'package.json'), readFileSync(join(root, 'package.json')));
  await count(await import(pathToFileURL(join(out, 'src/index.js')).href));
} finally {
  rmSync(out, { recursive: true });
}

/** Makes JavaScript of a file, in which each function says that it is entered, and left. */
function translate(file) {
  const { outputText } = ts.transpileModule(readFileSync(join(root, file), 'utf8'), {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022 },
    transformers: { before: [(context) => (source) => ts.visitNode(source, instrument(context, file))] },
  });
  const path = join(out, file.replace(/\.ts$/, '.js'));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, outputText);
}

function instrument(context, file) {
  const { factory } = context;
  const call = (name, ...args) =>
    factory.createCallExpression(
      factory.createPropertyAccessExpression(factory.createIdentifier('globalThis.way'), name),
      undefined,
      args,
    );
  const before = () => factory.createIdentifier('__before');
  function inside(body) {
    const statements = ts.isBlock(body) ? body.statements : [factory.createReturnStatement(body)];
    const entered = call('enter', factory.createStringLiteral(file));
    const declared = factory.createVariableDeclaration(before(), undefined, undefined, entered);
    return factory.createBlock([
      factory.createVariableStatement(
        undefined,
        factory.createVariableDeclarationList([declared], ts.NodeFlags.Const),
      ),
      factory.createTryStatement(
        factory.createBlock(statements, true),
        undefined,
        factory.createBlock([factory.createExpressionStatement(call('leave', before()))]),
      ),
    ]);
  }
  const isCounted = (node) =>
    node.body !== undefined &&
    node.asteriskToken === undefined &&
    [ts.isFunctionDeclaration, ts.isFunctionExpression, ts.isArrowFunction, ts.isMethodDeclaration].some(
      (is) => is(node),
    );
  return function visit(node) {
    if (!isCounted(node)) return ts.visitEachChild(node, visit, context);
    return ts.visitEachChild(
      node,
      (child) => (child === node.body ? inside(visit(child)) : visit(child)),
      context,
    );
  };
}

async function count({ fire, drain }) {
  const server = createServer((request, response) => request.resume().on('end', () => response.end()));
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const home = mkdtempSync(join(out, 'home-'));
  const config = join(home, 'hooks.yaml');
  writeFileSync(config, `hooks: { complete: "http://127.0.0.1:${server.address().port}/" }\n`);
  const options = { env: { HOME: home }, config, spool: join(home, 'spool') };
  const run = async (events) => {
    Object.assign(way, { calls: 0, stays: 0, current: '', files: new Set() });
    for (let n = 0; n < events; n += 1) await fire('complete', { id: n }, options);
    const { delivered } = await drain(options);
    if (delivered !== events) throw new Error(`${delivered} of ${events} were delivered`);
    return { calls: way.calls, stays: way.stays, files: way.files.size };
  };
  await run(1); // makes the spool
  const [one, eleven] = [await run(1), await run(11)];
  const more = (what) => Math.round((eleven[what] - one[what]) / 10);
  console.log(`way of one event         ${one.calls} calls, ${one.stays} stays in ${one.files} files`);
  console.log(`way of one more          ${more('calls')} calls, ${more('stays')} stays`);
  await new Promise((done) => server.close(done));
}
