/**
 * The real system calls of the real command, recorded and broken by strace(1).
 *
 * strace counts the calls of each thread by their names from the start of node,
 * which makes hundreds of its own, and not always as many. So a run without
 * faults is recorded first, in which every name is the same as in later runs
 * ({@link sameNames}); the calls among them that concern the spool are the points
 * at which a later run can be hit, each by its path and its number there.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { World } from '../../support/world.js';

/** Every call that can change a spool, or give a way into it. Those that a machine has not are left out. */
export const spoolCalls: readonly string[] = [
  ...['openat', 'write', 'pwrite64', 'fsync', 'fdatasync', 'ftruncate'],
  ...['rename', 'renameat', 'renameat2', 'link', 'linkat', 'unlink', 'unlinkat'],
  ...['mkdir', 'mkdirat', 'rmdir', 'chmod', 'fchmod', 'fchmodat'],
  'exit_group', // when all is done, and nobody was told
];

/** A call of the command that concerned the spool. */
export interface Call {
  name: string;
  /** Which one of that name it was in its thread, from 1. */
  nth: number;
  /**
   * Of what it concerned, below the spool, which one of that name it was there, and which one among those on any such
   * path; absent where names differ from run to run.
   */
  at?: { path: string; nth: number; nthOfAll: number } | undefined;
  /** What it did, without what differs from run to run: `link incoming/… queue/…/…/…`. */
  shape: string;
  /** Whether it could change something. */
  changes: boolean;
  /** The errno it failed with. */
  errno?: string;
  /** What came of it, as strace writes it. */
  result: string;
  /** Whether strace made it fail. */
  injected: boolean;
}

/** What is to happen at a call: `signal=KILL`, `error=EIO`, `delay_enter=1000`. */
export interface Injection {
  call: string;
  /** `3`: at the third one; `3+`: from the third one on; `3..5`. */
  when: string;
  effect: string;
  /** Only calls that concern this path, or one of these, are counted, hit and traced. */
  path?: string | readonly string[] | undefined;
}

export interface Aim {
  effect: string;
  spool: string;
  /** The calls of the run without faults, where all of its name after it are to be hit, too. */
  forGood?: readonly Call[] | undefined;
}

/** How a later run is hit at the same call, whatever else happens before it. */
export function aimAt(call: Call, { effect, spool, forGood }: Aim): Injection {
  const { name, nth, at } = call;
  const aimed = { call: name, effect };
  if (at === undefined) return { ...aimed, when: `${nth}${forGood ? '+' : ''}` };
  const pathsAt = (paths: readonly string[]): string[] =>
    [...new Set(paths)]
      .flatMap((path) => (path === madeUp ? madeUpNames : [path]))
      .map((path) => join(spool, path));
  if (forGood === undefined) return { ...aimed, when: `${at.nth}`, path: pathsAt([at.path]) };
  const alike = forGood.filter((each) => each.name === name);
  const pathsOf = (calls: readonly Call[]): string[] => calls.flatMap((each) => each.at?.path ?? []);
  const before = new Set(pathsOf(alike.slice(0, alike.indexOf(call))));
  // What nobody was at before is found without counting what else was done.
  if (before.has(at.path)) {
    return { ...aimed, when: `${at.nthOfAll}+`, path: pathsAt(pathsOf(forGood)) };
  }
  const fresh = pathsOf(alike).filter((path) => !before.has(path));
  return { ...aimed, when: '1+', path: pathsAt(fresh) };
}

/** Stands for all names that are made up in `tmp/`: which of them comes first depends on how quick the calls are. */
const madeUp = 'tmp/*';
const madeUpName = /^tmp\/[0-9a-f]{16}$/;
const madeUpNames: readonly string[] = Array.from(
  { length: 256 },
  (_, n) => `tmp/${n.toString(16).padStart(16, '0')}`,
);

/** Where strace writes to, what it listens to, and what it does. */
export interface StraceOptions {
  trace: string;
  calls?: readonly string[];
  inject?: Injection | undefined;
  /** Whether it is recorded for runs that are to be killed, and is to be as slow as they are. Default false. */
  kills?: boolean;
}

/** What stands before a command so that strace runs it. */
export function strace({
  trace,
  inject,
  kills = false,
  calls = inject ? [inject.call] : spoolCalls,
}: StraceOptions): string[] {
  const listened = calls.map((call) => `?${call}`).join(',');
  const where = [inject?.path ?? []].flat().flatMap((path) => ['-P', path]);
  const injected =
    inject === undefined ? [] : ['-e', `inject=${inject.call}:${inject.effect}:when=${inject.when}`];
  // A signal is not delivered where the kernel itself sorts out the calls that matter, which is quicker.
  const sorted = kills || inject?.effect.startsWith('signal') ? [] : ['--seccomp-bpf'];
  return [
    'strace',
    '-f',
    ...sorted,
    '-qq',
    '-y',
    '-o',
    trace,
    '-e',
    `trace=${listened}`,
    '-e',
    'signal=none',
    ...where,
    ...injected,
  ];
}

/**
 * The environment of a command below strace, which attends to each thread: few are quicker, and with a single one for
 * what is done in the background its calls have the same order each time.
 */
export const fewThreads: Readonly<Record<string, string>> = { UV_THREADPOOL_SIZE: '1' };

/** And of one whose calls are aimed at: the names that it makes up are the same in each run, since its random bytes are. */
export function sameNames(world: World): Record<string, string> {
  const script = world.file(
    'same-names.cjs',
    `const fs = require('node:fs');
const { openSync, readSync, closeSync } = fs;
let random;
let count = 0;
fs.openSync = (path, ...rest) => {
  const fd = openSync(path, ...rest);
  if (path === '/dev/urandom') random = fd;
  return fd;
};
fs.readSync = (fd, bytes, ...rest) => {
  if (fd !== random) return readSync(fd, bytes, ...rest);
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(bytes.byteLength - 4, (count += 1));
  return bytes.byteLength;
};
fs.closeSync = (fd) => {
  if (fd === random) random = undefined;
  closeSync(fd);
};`,
  );
  return { ...fewThreads, NODE_OPTIONS: `--require ${script}` };
}

/**
 * The recorded calls that concern the spool, in their order.
 * @param varying names that differ from run to run, beside those of `retry/`, which tell a time
 */
export function readCalls(trace: string, root: string, varying: RegExp = /^$/): Call[] {
  const counts = new Map<string, number>();
  const found: Call[] = [];
  const count = (what: string): number => {
    counts.set(what, (counts.get(what) ?? 0) + 1);
    return counts.get(what) ?? 0;
  };
  for (const line of linesOf(trace)) {
    const begun = /^(\d+) +(\w+)\((.*)$/.exec(line);
    if (begun === null) continue;
    const [, thread = '', name = '', rest = ''] = begun;
    const nth = count(`${thread} ${name}`);
    const [args = '', result = ''] = rest.split(/\) += /);
    const paths = pathsIn(args, root);
    // Of two paths strace knows rename by the first one only.
    const known = (name === 'rename' ? paths.slice(0, 1) : paths).map((each) =>
      madeUpName.test(each) ? madeUp : each,
    );
    const isFixed = (each: string): boolean => !/^retry\/.*\//.test(each) && !varying.test(each);
    const path = known.slice(-1).find(isFixed);
    for (const each of known) count(`${thread} ${name} ${each}`);
    const nthOfAll = known.some(isFixed) ? count(`${thread} ${name} on any`) : 0;
    const shape = shapeOf(name, paths);
    if (shape === undefined) continue;
    const errno = /^-1 (E[A-Z0-9]+)/.exec(result)?.[1];
    found.push({
      name,
      nth,
      shape,
      ...(path !== undefined && {
        at: { path, nth: counts.get(`${thread} ${name} ${path}`) ?? 1, nthOfAll },
      }),
      result,
      changes: name !== 'openat' || args.includes('O_CREAT'),
      injected: result.includes('(INJECTED)'),
      ...(errno && { errno }),
    });
  }
  return found;
}

/** The shape of a call, where one of the spool's own directories but `incoming/` is as good as the others. */
export function kindOf(shape: string): string {
  return shape.replace(/^(mkdir|chmod|openat|fsync) (?!incoming$)[^/]*$/, '$1 …');
}

/** Of each kind the first, the last and the one in the middle: all that are first, then the last ones, then the others. */
export function spread(calls: readonly Call[]): Call[] {
  const kinds = [...new Set(calls.map(({ shape }) => kindOf(shape)))].map((kind) =>
    calls.filter(({ shape }) => kindOf(shape) === kind),
  );
  const picked = [
    ...kinds.map((alike) => alike[0]),
    ...kinds.map((alike) => alike.at(-1)),
    ...kinds.map((alike) => alike[Math.floor(alike.length / 2)]),
  ];
  return [...new Set(picked)].filter((call) => call !== undefined);
}

/** Of each kind the first, and every so many after it: a call in the middle of many alike is as good as its neighbour. */
export function sample(calls: readonly Call[], every: number): Call[] {
  const seen = new Map<string, number>();
  return calls.filter(({ shape }) => {
    const kind = kindOf(shape);
    const count = seen.get(kind) ?? 0;
    seen.set(kind, count + 1);
    return count % every === 0;
  });
}

/** What was recorded, a call a line: where another thread's came in between, its end is put behind its beginning. */
function linesOf(trace: string): string[] {
  const lines: string[] = [];
  const open = new Map<string, number>();
  for (const line of existsSync(trace) ? readFileSync(trace, 'utf8').split('\n') : []) {
    const [, thread = '', end] = /^(\d+) +(?:<\.\.\. \w+ resumed>(.*))?/.exec(line) ?? [];
    const at = open.get(thread);
    if (end === undefined) {
      open.set(thread, lines.length);
      lines.push(line.replace(/ <unfinished \.\.\.>$/, ''));
    } else if (at !== undefined) lines[at] += end;
  }
  return lines;
}

/** Those below the spool, from there. They are quoted, or stand behind the number of an open file. */
function pathsIn(args: string, root: string): string[] {
  return [...args.matchAll(/"(\/[^"]*)"|\d<(\/[^>]*)>/g)]
    .map(([, quoted, open]) => quoted ?? open ?? '')
    .filter((path) => path === root || path.startsWith(`${root}/`))
    .map((path) => path.slice(root.length + 1));
}

function shapeOf(name: string, paths: readonly string[]): string | undefined {
  if (paths.length === 0) return name === 'exit_group' ? name : undefined;
  return [name, ...paths.map(roomOf)].join(' ');
}

/** `queue/a/00000001/evt_01M8.json` is `queue/…/…/…`; names of the spool's own stay. */
function roomOf(path: string): string {
  const [room = '', ...rest] = path.split('/');
  return [room || '.', ...rest.map((name) => (/\.why(\.json)?$/.test(name) ? '….why' : '…'))].join('/');
}
