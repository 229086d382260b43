// The command line in parts: a main file, and files beside it that it loads when it needs them. Each module is in one of
// them only, so that its classes and its state exist once.
import { createHash } from 'node:crypto';
import { relative, resolve } from 'node:path';
import { build } from 'esbuild';

/**
 * Builds a main file and its parts.
 * @param options esbuild's, for all of them
 * @param options.main `from`, the module that the main file begins with; `name`, what it exports; `refuse`, the name
 *   of its function that throws where a part is of another build
 * @param options.parts for each part's name the modules that it begins with; main reaches these by `import()` only
 */
export async function buildParts(options, { main, parts }) {
  const plugins = [...options.plugins, partsApart(parts)];
  const buildFile = (name, contents, inMain) =>
    build({
      ...options,
      ...{ stdin: { contents, resolveDir: '.', sourcefile: name }, entryNames: name },
      ...{ format: 'cjs', metafile: true, write: false },
      plugins: [...plugins, takenFromMain(inMain)],
    });
  const buildMain = (link) => buildFile('main', mainSource(main, link), new Set());
  const buildAllParts = (inMain) =>
    Promise.all(Object.entries(parts).map(([name, modules]) => buildFile(name, partSource(modules), inMain)));

  const alone = new Set(modulesOf(await buildMain({ id: '', needed: [] })));
  const apart = await buildAllParts(alone);
  // What two parts need is in the main file, too.
  const inMain = new Set([...alone, ...repeated(apart.flatMap(modulesOf))]);
  const built = await buildAllParts(inMain);
  const unlinked = built.flatMap(({ outputFiles }) => outputFiles);
  const needed = [...new Set(unlinked.flatMap(({ text }) => namesIn(text)))].sort();
  const link = { id: idOf([...(await buildMain({ id: '', needed })).outputFiles, ...unlinked]), needed };
  const linked = unlinked.map(({ path, text }) => ({ path, text: linkToMain(text, link) }));
  return { outputFiles: [...(await buildMain(link)).outputFiles, ...linked] };
}

function modulesOf({ metafile }) {
  return Object.keys(metafile.inputs).filter((module) => module.startsWith('src/'));
}

function repeated(modules) {
  return modules.filter((module, index) => modules.indexOf(module) < index);
}

/** Identifies a build. */
function idOf(files) {
  const hash = createHash('sha256');
  for (const { text } of files) hash.update(text);
  return hash.digest('hex').slice(0, 16);
}

/**
 * @param link.id of the build; an update may replace the files between the loading of main and of a part
 * @param link.needed what parts need of the main file, each as `<module>#<name>`
 */
function mainSource({ from, name, refuse }, { id, needed }) {
  const imports = needed.map((each, index) => {
    const [module, imported] = each.split('#');
    return `import { ${imported} as shared${index} } from './${module}';`;
  });
  const shared = needed.map((_, index) => `shared${index}`);
  return `
import { ${name}, ${refuse} } from './${from}';
${imports.join('\n')}
export { ${name} };
export function shared(id) {
  if (id !== '${id}') ${refuse}();
  return [${shared.join(', ')}];
}`;
}

function partSource(modules) {
  return modules.map((module) => `export * from './${module}';`).join('\n');
}

/** Has `import()` of a part's module load that part's file. */
function partsApart(parts) {
  const partOf = new Map(
    Object.entries(parts).flatMap(([name, modules]) => modules.map((module) => [resolve(module), name])),
  );
  return {
    name: 'parts-apart',
    setup({ onResolve }) {
      onResolve({ filter: /^\./ }, ({ path, resolveDir, kind, importer }) => {
        const name = partOf.get(sourceOf(resolveDir, path));
        if (name === undefined || !importer.endsWith('.ts')) return undefined; // the part itself
        if (kind !== 'dynamic-import') throw new Error(`${path} begins a part, and is imported statically`);
        return { path: `./${name}.js`, external: true };
      });
    },
  };
}

/**
 * Has a module that is in the main file taken from there: each name is `ofMain("<module>#<name>")`. Values are taken
 * when the part is loaded, so an exported name must not be assigned later.
 */
function takenFromMain(inMain) {
  return {
    name: 'taken-from-main',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
        const module = relative('.', sourceOf(resolveDir, path));
        return inMain.has(module) ? { path: module, namespace: 'main' } : undefined;
      });
      onLoad({ filter: /^/, namespace: 'main' }, async ({ path }) => {
        const names = await exportsOf(path);
        const lines = names.map(
          (name) => `export const ${name} = /* @__PURE__ */ ofMain("${path}#${name}");`,
        );
        return { contents: lines.join('\n') };
      });
    },
  };
}

const takenName = /ofMain\("([^"]+)"\)/g;

function namesIn(text) {
  return [...text.matchAll(takenName)].map(([, name]) => name);
}

function linkToMain(text, { id, needed }) {
  const linked = text.replace(takenName, (_, name) => `__main[${needed.indexOf(name)}]`);
  return `const __main = require("./main.js").shared("${id}");\n${linked}`;
}

/** The names that a module exports, without types. */
async function exportsOf(module) {
  const { metafile } = await build({
    entryPoints: [module],
    outdir: 'dist',
    format: 'esm',
    metafile: true,
    write: false,
  });
  return Object.values(metafile.outputs).flatMap((output) => output.exports);
}

/** The file of an import of `./x.js`, as TypeScript has it. */
function sourceOf(directory, path) {
  return resolve(directory, path.replace(/\.js$/, '.ts'));
}
