/** On what was measured: the machine, the file systems, and the version of everything that takes part. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { findCommand } from './commands.mjs';

const here = new URL('..', import.meta.url);
const packages = ['bullmq', 'ioredis', 'pg-boss', 'node-webhooks'];

/** How each program of the system tells its version. */
const programs = {
  nginx: ['-v'],
  'redis-server': ['--version'],
  postgres: ['--version'],
  curl: ['--version'],
};

/** @returns what goes to the head of the table and into the JSON */
export function describeMachine(disks) {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: `${type()} ${release()}`,
    disks: Object.fromEntries(Object.values(disks).map(({ on, words }) => [on, words])),
    versions: versions(),
  };
}

/** The head of the table. */
export function renderMachine({ cpu, cores, memoryGb, kernel, disks, versions }) {
  const all = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `machine   ${cpu}, ${cores} cores, ${memoryGb} GB, ${kernel}`,
    ...Object.entries(disks).map(([name, words]) => `${name.padEnd(9)} ${words}`),
    `versions  ${all.join(', ')}`,
  ].join('\n');
}

function versions() {
  const found = {
    capnhook: ours(),
    node: process.version.slice(1),
    undici: versionIn('../node_modules/undici'),
  };
  for (const name of packages) found[name] = versionIn(`node_modules/${name}`);
  for (const [name, args] of Object.entries(programs)) found[name] = askVersion(name, args);
  found.nullmailer = askDebian('nullmailer');
  return Object.fromEntries(Object.entries(found).filter(([, version]) => version !== undefined));
}

/** Our version, and the commit it was checked out at. */
function ours() {
  const { stdout } = spawnSync('git', ['describe', '--always', '--dirty'], { cwd: here, encoding: 'utf8' });
  return [versionIn('..'), stdout?.trim()].filter(Boolean).join(' at ');
}

function versionIn(directory) {
  try {
    return JSON.parse(readFileSync(new URL(`${directory}/package.json`, here), 'utf8')).version;
  } catch {
    return undefined; // not installed, since no line of this run needs it
  }
}

function askVersion(name, args) {
  const path = findCommand(name);
  if (path === undefined) return undefined;
  const { stdout, stderr } = spawnSync(path, args, { encoding: 'utf8' });
  return `${stdout}${stderr}`.match(/\d+\.[\d.]+/)?.[0];
}

function askDebian(name) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's own placeholder
  const { status, stdout } = spawnSync('dpkg-query', ['-W', '-f', '${Version}', name], { encoding: 'utf8' });
  return status === 0 ? stdout : undefined;
}
