// Builds dist/: the command line (`fire`, the rest, and the libraries), the library as CommonJS with a thin ES
// module over it, and the types.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';
import { buildParts } from './parts.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
rmSync('dist', { recursive: true, force: true });
mkdirSync('dist/types', { recursive: true });

const shared = {
  bundle: true,
  platform: 'node',
  target: 'node20.18',
  format: 'cjs',
  define: { 'import.meta.dirname': '__dirname' },
  logLevel: 'warning',
};

/** commander asks for it in order to run programs as commands, which we have none of; loading it takes long. */
const noProgramsAsCommands = {
  name: 'no-programs-as-commands',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      importer.includes('/node_modules/commander/') ? { path: 'nothing', namespace: 'nothing' } : undefined,
    );
    onLoad({ filter: /^/, namespace: 'nothing' }, () => ({ contents: '' }));
  },
};

/**
 * What the client of undici asks of Node and does not need, since loading it takes long. HTTP/2 it goes without, as
 * where a Node was built so. Of `node:http` it wants the class of requests that a server is given, which it never meets
 * here, and a limit that the sender sets itself. Of `node:assert` it wants one function; src/delivery/http/error-words.ts
 * knows the code of what that throws.
 */
const undiciGoesWithout = {
  'node:http2': "throw new Error('no HTTP/2');",
  'node:http': 'exports.IncomingMessage = class {}; exports.maxHeaderSize = 16384;',
  'node:assert': `
    module.exports = (isTrue, message) => {
      if (!isTrue) throw Object.assign(new Error(message ?? 'undici: an assertion failed'), { code: 'ERR_ASSERTION' });
    };`,
};
const goWithout = {
  name: 'go-without',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:(http2|http|assert)$/ }, ({ path }) => ({ path, namespace: 'without' }));
    onLoad({ filter: /^/, namespace: 'without' }, ({ path }) => ({ contents: undiciGoesWithout[path] }));
  },
};

/**
 * What is used of undici: all of it, with fetch and WebSocket, takes longer to load than the rest of a drain. And V8
 * would compile undici's parser to its best code right after the first answer, which takes as long as a whole drain of
 * one event, and no process ends before that is over. So it has a thousand times V8's budget (2 × 10⁹, counted in bytes
 * of code that was run), which is used up after some hundred answers. A Node that is not tested may not know the flag,
 * and would say so each time.
 */
const undiciClient = `
if (parseInt(process.versions.node) <= 26) require('node:v8').setFlagsFromString('--wasm-tiering-budget=2000000000');
exports.Client = require('undici/lib/dispatcher/client.js');
`;

/** Files of their own, with the same name in `dist/`. */
const others = ['chalk', 'cli-progress', 'commander', 'proper-lockfile', 'yaml'];
const libraries = [...others, 'undici'];
const librariesApart = {
  name: 'libraries-apart',
  setup({ onResolve }) {
    onResolve({ filter: new RegExp(`^(${libraries.join('|')})$`) }, ({ path }) => ({
      path: `./${path}.js`,
      external: true,
    }));
  },
};

/** The library is one file, so what it would load later is imported like everything else, which costs it less. */
const oneFile = {
  name: 'one-file',
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
      const late = /const (\{ \w+ \}) = await import\(('\.[^']+')\);/g;
      const source = readFileSync(path, 'utf8');
      const imports = [...source.matchAll(late)].map(([, names, from]) => `import ${names} from ${from};\n`);
      return { contents: imports.join('') + source.replace(late, ''), loader: 'ts' };
    });
  },
};

/** The command line's main file. */
const main = { from: 'src/cli/entry-main.ts', name: 'main', refuse: 'refuseOtherBuild' };

/**
 * The command line's parts, and the modules that begin them: what a drain needs only when there is something to do;
 * every command except an ordinary `drain`; the commands that show what the spool holds, the server of the dashboard, and
 * the commands that steer. Most drains of a cron job find nothing, and read none of them.
 */
const parts = {
  drain: [
    'src/library/drain/drain-under-lock.ts',
    'src/spool/file/drain-side/join-spool.ts',
    'src/spool/file/moves/survey.ts',
  ],
  program: ['src/cli/program.ts'],
  inspection: ['src/spool/file/inspection/inspection.ts'],
  inspect: [
    'src/cli/commands/dashboard.ts',
    'src/cli/commands/list.ts',
    'src/cli/commands/log.ts',
    'src/cli/commands/show.ts',
    'src/cli/commands/status.ts',
    'src/library/drain/drain-metrics.ts',
  ],
  page: ['src/page/page.ts'],
  purge: ['src/spool/file/purge/purge.ts'],
  exchange: ['src/cli/commands/export.ts', 'src/cli/commands/import.ts'],
  steer: [
    'src/cli/commands/deregister.ts',
    'src/cli/commands/drop.ts',
    'src/cli/commands/pause.ts',
    'src/cli/commands/purge.ts',
    'src/cli/commands/replay.ts',
    'src/cli/commands/retry.ts',
    'src/cli/commands/run.ts',
  ],
};

await Promise.all([
  buildCommandLine(),
  buildBrowserFiles(),
  build({
    ...shared,
    entryPoints: { index: 'src/index.ts' },
    outdir: 'dist',
    outExtension: { '.js': '.cjs' },
    packages: 'external',
    plugins: [oneFile],
  }),
]);

execFileSync(process.execPath, ['scripts/warm.cjs'], { stdio: ['ignore', 'ignore', 'inherit'] });

// One copy of the library's state and classes, however it is loaded.
const names = await exportedNames();
writeFileSync(
  'dist/index.mjs',
  `import library from './index.cjs';\nexport const { ${names.join(', ')} } = library;\n`,
);
writeFileSync('dist/index.d.mts', "export * from './types/index.js';\n");
writeFileSync('dist/types/package.json', '{ "type": "commonjs" }\n');
execFileSync('node_modules/.bin/tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' });

/** `fire` is one file, and so is `run`; the rest is a main file, its parts, and the libraries, each of which is loaded when it is needed. */
async function buildCommandLine() {
  const pieces = {
    ...shared,
    outdir: 'dist',
    write: false,
    supported: { 'dynamic-import': false }, // it is not had by what the launcher evaluates
  };
  const built = await Promise.all([
    build({ ...pieces, entryPoints: { fire: 'src/cli/entry-fire.ts', run: 'src/cli/entry-run.ts' } }),
    buildParts(
      { ...pieces, plugins: [librariesApart] },
      { main, parts, hub: 'program', beside: ['drain', 'purge'] },
    ),
    build({
      ...pieces,
      entryPoints: Object.fromEntries(others.map((name) => [name, name])),
      plugins: [noProgramsAsCommands],
    }),
    build({
      ...pieces,
      stdin: { contents: undiciClient, resolveDir: '.', sourcefile: 'undici' },
      entryNames: 'undici',
      plugins: [goWithout],
    }),
  ]);
  for (const { path, text } of built.flatMap(({ outputFiles }) => outputFiles)) {
    const { code } = await transform(loadLate(text), {
      ...{ charset: 'ascii', minifySyntax: true, minifyWhitespace: true },
      target: shared.target,
    });
    if (!isAscii(code)) throw new Error(`${path} is not ASCII: a regular expression, or a tagged template`);
    // ASCII is read faster than anything else, and the launcher calls it as Node calls a module. The last line tells it
    // what the code is, and which V8 the cache beside it is for.
    const wrapped = `(function(exports,require,module,__dirname){${code}})`;
    const hash = createHash('sha256').update(wrapped).digest('hex').slice(0, 16);
    writeFileSync(path, `${wrapped}\n//${hash} ${process.versions.v8}-${process.arch}`);
    writeFileSync(`${path}.cache`, '');
  }
}

/** Whether code is ASCII, comments aside: esbuild leaves regular expressions and tagged templates as they are. */
function isAscii(code) {
  const text = code.replace(/\/\*[\s\S]*?\*\//g, '');
  return Buffer.byteLength(text) === text.length;
}

/** What the dashboard gives to a browser, which loads nothing from elsewhere. */
async function buildBrowserFiles() {
  await build({
    entryPoints: ['page.ts', 'enter.ts', 'page.css'].map((name) => `src/page/client/${name}`),
    ...{ outdir: 'dist/page', bundle: true, minify: true, format: 'esm', logLevel: 'warning' },
    target: ['chrome111', 'firefox121', 'safari16.4'],
  });
  copyFileSync('src/page/client/icon.svg', 'dist/page/icon.svg');
}

/**
 * Has yaml, and each module of Node's except those that are in every process, loaded when it is first used. It goes by
 * how esbuild writes an import: `import_node_os = require("node:os")`, and `import_node_os.uptime` where it is used.
 */
function loadLate(text) {
  let late = text;
  const imports = /\b(import_\w+) = require\("(node:(?!fs"|path")[\w/]+|\.\/yaml\.js)"\);/g;
  for (const [, name, id] of text.matchAll(imports)) {
    late = late
      .replace(`${name} = require("${id}")`, `${name} = __late("${id}")`)
      .replaceAll(new RegExp(`\\bnew ${name}\\.(\\w+)`, 'g'), `new (${name}().$1)`)
      .replaceAll(`${name}.`, `${name}().`);
  }
  return `const __late = (id) => { let module; return () => (module ??= require(id)); };\n${late}`;
}

async function exportedNames() {
  const { default: loaded } = await import('../dist/index.cjs');
  return Object.keys(loaded).sort();
}
