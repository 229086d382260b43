// Fires into a spool of its own, and keeps what V8 compiled for it (dist/fire.cache), so that
// no later `fire` compiles it again. The launcher evaluates the bundle in the same way.
const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { Script } = require('node:vm');

const filename = join(__dirname, '../dist/fire.js');
const script = new Script(readFileSync(filename, 'latin1'), { filename });
const loaded = { exports: {} };
script.runInThisContext()(loaded.exports, require, loaded);

const directory = mkdtempSync(join(tmpdir(), 'capnhook-build-'));
const payload = join(directory, 'payload.json');
writeFileSync(payload, '{"id":1234,"name":"Jed","status":"OK"}\n');
for (const _ of [1, 2])
  loaded.exports.fireNow(['--spool', join(directory, 'spool'), 'fire', 'complete', payload]);

process.on('exit', (exitCode) => {
  rmSync(directory, { recursive: true, force: true });
  if (exitCode === 0) writeFileSync(join(__dirname, '../dist/fire.cache'), script.createCachedData());
});
