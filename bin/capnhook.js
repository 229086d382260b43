#!/usr/bin/env node
'use strict';
const [major, minor, patch] = process.versions.node.split('.').map(Number);
if (process.platform === 'win32') {
  console.error('capnhook: Windows is not supported; use it in WSL.');
  process.exitCode = 64;
} else if (major < 20 || (major === 20 && (minor < 18 || (minor === 18 && patch < 1)))) {
  console.error(`capnhook: Node 20.18.1 or newer is needed; this is ${process.versions.node}.`);
  process.exitCode = 64;
} else if (!require('../dist/fire.cjs').fireNow(process.argv.slice(2))) {
  require('../dist/main.cjs').main(process.argv.slice(2));
}
