// Runs the launcher in a spool of its own, and keeps what V8 compiled for it (dist/*.cache), so
// that no later process compiles it again. A command that is not run here compiles what it needs.
const { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } = require('node:fs');
const { createServer } = require('node:http');
const { tmpdir } = require('node:os');
const { basename, join } = require('node:path');
const v8 = require('node:v8');
const vm = require('node:vm');

const launcher = require.resolve('../bin/capnhook.js');
const dist = join(__dirname, '../dist');
const directory = mkdtempSync(join(tmpdir(), 'capnhook-build-'));
const { Script } = vm;
const { exit } = process;
const scripts = new Map();

// What is kept is good to a process with the same flags only, and each begins without any.
v8.setFlagsFromString = () => {};

// The launcher gets one script a file, however often it is run.
vm.Script = new Proxy(Script, { construct: (_, [, { filename }]) => compile(filename) });

/** @param filename as the launcher names a file of `dist/` */
function compile(filename) {
  if (!scripts.has(filename))
    scripts.set(filename, new Script(readFileSync(join(dist, basename(filename)), 'latin1'), { filename }));
  return scripts.get(filename);
}

async function launch(...argv) {
  process.argv = [process.execPath, launcher, ...argv];
  delete require.cache[launcher];
  const exitCode = await new Promise((resolve) => {
    process.exit = resolve;
    require(launcher);
  });
  if (exitCode !== 0) throw new Error(`capnhook ${argv.join(' ')} ended with ${exitCode}`);
}

async function warm(url) {
  const payload = join(directory, 'payload.json');
  const config = join(directory, 'hooks.yaml');
  Object.assign(process.env, { CAPNHOOK_SPOOL: join(directory, 'spool'), CAPNHOOK_CONFIG: config });
  writeFileSync(payload, '{"id":1234,"name":"Jed","status":"OK"}\n');
  writeFileSync(config, `hooks:\n  complete: [${url}]\ndefaults: { timeout: 20s }\n`);
  utimesSync(config, 0, 0); // one that was written just now would be watched for a while
  await launch('--help');
  await launch('init');
  await launch('drain');
  for (const _ of [1, 2]) await launch('fire', 'complete', payload);
  await launch('drain');
  await launch('run', 'complete', '--', 'true');
}

function keep() {
  for (const name of readdirSync(dist).filter((each) => each.endsWith('.cache'))) {
    const script = compile(`capnhook/dist/${name.slice(0, -'.cache'.length)}`);
    writeFileSync(join(dist, name), script.createCachedData());
  }
}

const receiver = createServer((_request, response) => response.writeHead(204).end());
receiver.listen(0, '127.0.0.1', async () => {
  await warm(`http://127.0.0.1:${receiver.address().port}/`);
  rmSync(directory, { recursive: true, force: true });
  keep();
  exit(0);
});
