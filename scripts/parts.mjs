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
 * @param options.parts for each part's name the modules that it begins with; others reach these by `import()` only
 * @param options.hub the part that loads the others, those named in `beside` left out: what only these need is in it
 */
export async function buildParts(options, { main, parts, hub, beside }) {
  const plugins = [...options.plugins, partsApart(parts)];
  const buildFile = (name, contents, taken) =>
    build({
      ...options,
      ...{ stdin: { contents, resolveDir: '.', sourcefile: name }, entryNames: name },
      ...{ format: 'cjs', metafile: true, write: false },
      plugins: [...plugins, takenFrom(taken)],
    });
  const buildMain = (link) => buildFile('main', mainSource(main, link), {});
  const buildHub = (link, inMain) => buildFile(hub, hubSource(parts[hub], main, link), { main: inMain });
  const names = Object.keys(parts).filter((name) => name !== hub);
  const buildOthers = (inMain, inHub) =>
    Promise.all(
      names.map((name) =>
        buildFile(name, partSource(parts[name]), {
          main: inMain,
          [hub]: beside.includes(name) ? new Set() : inHub,
        }),
      ),
    );

  const nothing = { id: '', needed: [] };
  const { inMain, inHub } = await shares();
  const others = (await buildOthers(inMain, inHub)).flatMap(({ outputFiles }) => outputFiles);
  const ofHub = { id: '', needed: namesIn(hub, others) };
  const [hubFile] = (await buildHub(ofHub, inMain)).outputFiles;
  const unlinked = [...others, hubFile];
  const ofMain = { id: '', needed: namesIn('main', unlinked) };
  const id = idOf([...(await buildMain(ofMain)).outputFiles, ...unlinked]);
  const links = { main: { ...ofMain, id }, [hub]: { ...ofHub, id } };
  const [linkedHub] = (await buildHub(links[hub], inMain)).outputFiles;
  const linked = [...others, linkedHub].map(({ path, text }) => ({ path, text: linkTo(text, links) }));
  return { outputFiles: [...(await buildMain(links.main)).outputFiles, ...linked] };

  /** What a part beside the hub and another part need is in the main file; what two others need, in the hub. */
  async function shares() {
    const alone = new Set(modulesOf(await buildMain(nothing)));
    const inEach = new Map([[hub, modulesOf(await buildHub(nothing, alone))]]);
    for (const [index, built] of (await buildOthers(alone, new Set())).entries())
      inEach.set(names[index], modulesOf(built));
    const ofCommands = new Set(
      [...inEach].flatMap(([name, modules]) => (beside.includes(name) ? [] : modules)),
    );
    const families = [...ofCommands, ...beside.flatMap((name) => inEach.get(name))];
    const inMain = new Set([...alone, ...repeated(families)]);
    const many = repeated([...inEach].flatMap(([name, modules]) => (beside.includes(name) ? [] : modules)));
    const inHub = new Set([...inEach.get(hub), ...many].filter((module) => !inMain.has(module)));
    return { inMain, inHub };
  }
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
  return `
import { ${name}, ${refuse} } from './${from}';
export { ${name} };
${sharedSource(needed, `if (id !== '${id}') ${refuse}();`)}`;
}

/** The hub refuses as the main file does, by that one's function. */
function hubSource(modules, { from, refuse }, { id, needed }) {
  return `
import { ${refuse} } from './${from}';
${partSource(modules)}
${sharedSource(needed, `if (id !== '${id}') ${refuse}();`)}`;
}

/** The source that hands out what is needed elsewhere. */
function sharedSource(needed, check) {
  const imports = needed.map((each, index) => {
    const [module, imported] = each.split('#');
    return `import { ${imported} as shared${index} } from './${module}';`;
  });
  const shared = needed.map((_, index) => `shared${index}`);
  return `${imports.join('\n')}
export function shared(id) {
  ${check}
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
 * Has a module that is in another file taken from there: each name is `takenFrom("<file>", "<module>#<name>")`. Values
 * are taken when the part is loaded, so an exported name must not be assigned later.
 */
function takenFrom(taken) {
  return {
    name: 'taken',
    setup({ onResolve, onLoad }) {
      for (const [file, modules] of Object.entries(taken)) {
        onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
          const module = relative('.', sourceOf(resolveDir, path));
          return modules.has(module) ? { path: module, namespace: file } : undefined;
        });
        onLoad({ filter: /^/, namespace: file }, async ({ path }) => {
          const names = await exportsOf(path);
          const lines = names.map(
            (name) => `export const ${name} = /* @__PURE__ */ takenFrom("${file}", "${path}#${name}");`,
          );
          return { contents: lines.join('\n') };
        });
      }
    },
  };
}

const takenName = /takenFrom\("([^"]+)", "([^"]+)"\)/g;

/** What the texts take from a file, each name once. */
function namesIn(file, texts) {
  const found = texts.flatMap(({ text }) => [...text.matchAll(takenName)]);
  return [...new Set(found.flatMap(([, from, name]) => (from === file ? [name] : [])))].sort();
}

function linkTo(text, links) {
  const used = new Set();
  const linked = text.replace(takenName, (_, file, name) => {
    used.add(file);
    return `__${file}[${links[file].needed.indexOf(name)}]`;
  });
  const requires = [...used].map(
    (file) => `const __${file} = require("./${file}.js").shared("${links[file].id}");\n`,
  );
  return `${requires.join('')}${linked}`;
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
