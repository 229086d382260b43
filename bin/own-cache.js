/**
 * What V8 compiled of the files in dist/, kept for this user where the cache that the package has is for another V8:
 * in `$XDG_CACHE_HOME/capnhook` or `~/.cache/capnhook`. A cache is code, so only a directory and files that belong to
 * this user, and that no other user can write, are trusted. Where it cannot be read or written, all goes on without it.
 */
'use strict';
const fs = require('node:fs');
const { Script } = require('node:vm');

/** So many files are kept; the oldest go first. */
const mostFiles = 40;

/** A larger file is none of ours, in bytes. */
const maxBytes = 16 * 1024 * 1024;

/** @param argv the command line: a drain uses other functions than the rest, so it has a cache of its own */
exports.openOwnCache = function openOwnCache(argv) {
  const directory = cacheDirectory(process.env);
  const variant = argv.includes('drain') ? 'drain' : 'other';
  const compiled = [];

  function pathOf(name) {
    return `${directory}/${name}-${variant}-${process.versions.v8}-${process.arch}`;
  }

  return {
    /** Compiles a source, with what was kept of it. `name` says which source, and changes with it. */
    compile(source, { filename, name }) {
      const path = directory && pathOf(name);
      const cachedData = path ? read(directory, path) : undefined;
      const script = new Script(source, { filename, cachedData });
      if (path && (!cachedData || script.cachedDataRejected)) compiled.push({ path, script });
      return script;
    },
    /** Keeps what was compiled; call it when the command has ended. */
    save() {
      if (compiled.length === 0) return;
      try {
        fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
        if (!isOwn(fs.lstatSync(directory), 'isDirectory')) return;
        for (const each of compiled) write(each);
        removeOldest(directory);
      } catch {
        // A disk that is full or read-only, a quota, somebody else's directory: it is only slower without.
      }
    },
  };
};

/** The XDG Base Directory Specification: a relative value counts as none. */
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
