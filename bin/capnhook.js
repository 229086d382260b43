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
  const dist = `${__dirname}/../dist`;
  const loaded = {};

  /** A file of `dist/`, with what V8 compiled when it was built; a V8 of another version passes that over. */
  function load(name) {
    if (loaded[name] !== undefined) return loaded[name].exports;
    const filename = `${dist}/${name}`;
    const cachedData = readFileSync(`${filename}.cache`);
    const script = new Script(readFileSync(filename, 'latin1'), { filename, cachedData });
    const module = { exports: {} };
    loaded[name] = module;
    script.runInThisContext()(module.exports, (id) => (id[0] === '.' ? load(id) : require(id)), module, dist);
    return module.exports;
  }

  const firing = argv.includes('fire') ? load('./fire.js').fireNow(argv) : undefined;
  const exitCode = await (firing === undefined ? load('./main.js').main(argv) : firing);
  // All is written and closed: Node need not take its heap apart.
  process.exit(exitCode);
}
