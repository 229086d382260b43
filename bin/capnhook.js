#!/usr/bin/env node
'use strict';
const [major, minor, patch] = process.versions.node.split('.').map(Number);
if (process.platform === 'win32') {
  console.error('capnhook: Windows is not supported; use it in WSL.');
  process.exitCode = 64;
} else if (major < 20 || (major === 20 && (minor < 18 || (minor === 18 && patch < 1)))) {
  console.error(`capnhook: Node 20.18.1 or newer is needed; this is ${process.versions.node}.`);
  process.exitCode = 64;
} else if (!loadFire().fireNow(process.argv.slice(2))) {
  require('../dist/main.cjs').main(process.argv.slice(2));
}

/** The bundle of `fire`, with what V8 compiled when it was built; a V8 of another version passes that over. */
function loadFire() {
  const { readFileSync } = require('node:fs');
  const { Script } = require('node:vm');
  const filename = `${__dirname}/../dist/fire.js`;
  const script = new Script(readFileSync(filename, 'latin1'), {
    filename,
    cachedData: readFileSync(`${__dirname}/../dist/fire.cache`),
  });
  const loaded = { exports: {} };
  script.runInThisContext()(loaded.exports, require, loaded);
  return loaded.exports;
}
