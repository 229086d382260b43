/**
 * A user's own V8 code cache of the files in dist/, for when the package's cache is for another version of V8. It is in
 * `$XDG_CACHE_HOME/capnhook` or `~/.cache/capnhook`. A cache is code, so only a directory and files are trusted that
 * belong to this user and that no other user can write. If it cannot be read or written, capnhook runs without it.
 */
'use strict';
const fs = require('node:fs');
const { Script } = require('node:vm');

/** Maximum number of cached files; the oldest are removed first. */
const mostFiles = 40;

/** Maximum size of a cached file, in bytes; larger ones are not ours. */
const maxBytes = 16 * 1024 * 1024;

/** @param argv the command line; a drain uses other functions than other commands, so it has a cache of its own */
exports.openOwnCache = function openOwnCache(argv) {
  const directory = cacheDirectory(process.env);
  const variant = argv.includes('drain') ? 'drain' : 'other';
  const compiled = [];

  function pathOf(name) {
    return `${directory}/${name}-${variant}-${process.versions.v8}-${process.arch}`;
  }

  return {
    /** Compiles a source with its cache. `name` identifies the source, and changes with it. */
    compile(source, { filename, name }) {
      const path = directory && pathOf(name);
      const cachedData = path ? read(directory, path) : undefined;
      const script = new Script(source, { filename, cachedData });
      if (path && (!cachedData || script.cachedDataRejected)) compiled.push({ path, script });
      return script;
    },
    /** Saves new compiled code. Call it when the command has ended. */
    save() {
      if (compiled.length === 0) return;
      try {
        fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
        if (!isOwn(fs.lstatSync(directory), 'isDirectory')) return;
        for (const each of compiled) write(each);
        removeOldest(directory);
      } catch {
        // A full or read-only disk, a quota, another user's directory: the next start is only slower.
      }
    },
  };
};

/** Per the XDG Base Directory Specification a relative value is ignored. */
function cacheDirectory({ XDG_CACHE_HOME: cache, HOME: home }) {
  if (process.geteuid === undefined) return undefined;
  if (cache && cache[0] === '/') return `${cache}/capnhook`;
  return home && home[0] === '/' ? `${home}/.cache/capnhook` : undefined;
}

function isOwn(stat, kind) {
  return stat[kind]() && stat.uid === process.geteuid() && (stat.mode & 0o022) === 0;
}

function read(directory, path) {
  let fd;
  try {
    if (!isOwn(fs.lstatSync(directory), 'isDirectory')) return undefined;
    fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK);
    const stat = fs.fstatSync(fd);
    return isOwn(stat, 'isFile') && stat.size <= maxBytes ? fs.readFileSync(fd) : undefined;
  } catch {
    return undefined; // there is none yet
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}

function write({ path, script }) {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    fs.writeFileSync(temporary, script.createCachedData(), { mode: 0o600, flag: 'wx' });
    fs.renameSync(temporary, path);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
}

function removeOldest(directory) {
  const files = fs.readdirSync(directory).map((name) => {
    const path = `${directory}/${name}`;
    return { path, time: fs.lstatSync(path).mtimeMs };
  });
  files.sort((a, b) => b.time - a.time);
  for (const { path } of files.slice(mostFiles)) fs.rmSync(path, { force: true });
}
