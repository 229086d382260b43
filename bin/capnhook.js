#!/usr/bin/env node
'use strict';
const [major, minor, patch] = process.versions.node.split('.').map(Number);
if (process.platform === 'win32') {
  console.error('capnhook: Windows is not supported; use it in WSL.');
  process.exitCode = 64;
} else if (major < 20 || (major === 20 && (minor < 18 || (minor === 18 && patch < 1)))) {
  console.error(`capnhook: Node 20.18.1 or newer is needed; this is ${process.versions.node}.`);
  process.exitCode = 64;
} else {
  run(process.argv.slice(2));
}

async function run(argv) {
  const { readFileSync } = require('node:fs');
  const { Script } = require('node:vm');
  const first = argv.find((word) => word === 'fire' || word === 'run');
  const isFire = first === 'fire';
  const dist = `${__dirname}/../dist`;
  const loaded = {};
  let ownCache;

  /** Loads a file of `dist/` with its code cache from the build; for another version of V8, with the user's own cache. */
  function load(name) {
    if (loaded[name] !== undefined) return loaded[name].exports;
    const source = readFileSync(`${dist}/${name}`, 'latin1');
    // The cache contains the file name, which must not reveal where the package was built.
    const filename = `capnhook/dist/${name.slice(2)}`;
    // The build appends a hash of the code, and the version of V8 that the cache is for.
    const [, hash, builder] = /\/\/([0-9a-f]{16}) (\S+)$/.exec(source.slice(-80)) || [];
    const isBuilder = builder === `${process.versions.v8}-${process.arch}`;
    let script =
      isBuilder && new Script(source, { filename, cachedData: readFileSync(`${dist}/${name}.cache`) });
    if (!script || script.cachedDataRejected) {
      ownCache = ownCache || require('./own-cache.js').openOwnCache(argv);
      script = ownCache.compile(source, { filename, name: `${name.slice(2)}-${hash}` });
    }
    const module = { exports: {} };
    loaded[name] = module;
    script.runInThisContext()(module.exports, (id) => (id[0] === '.' ? load(id) : require(id)), module, dist);
    return module.exports;
  }

  if (!isFire) ignoreSignals(argv.includes('--daemon'));
  let running;
  if (isFire) running = load('./fire.js').fireNow(argv);
  else if (first === 'run') running = load('./run.js').runNow(argv);
  const exitCode = await (running === undefined ? load('./main.js').main(argv) : running);
  if (ownCache) ownCache.save();
  // Everything is written and closed. Exiting here saves Node the teardown of its heap.
  process.exit(exitCode);
}

/**
 * Ignores signals that do harm: SIGUSR1 would open Node's inspector to every user of this machine. SIGUSR2 would end the
 * process silently, and SIGHUP a daemon that does not listen yet.
 */
function ignoreSignals(isDaemon) {
  const signals = isDaemon ? ['SIGUSR1', 'SIGUSR2', 'SIGHUP'] : ['SIGUSR1', 'SIGUSR2'];
  for (const signal of signals) process.on(signal, () => {});
}
