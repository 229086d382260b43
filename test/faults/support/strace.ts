/**
 * The real system calls of the real command, recorded and broken by strace(1).
 *
 * strace counts the calls of each thread by their names from the start of node,
 * which makes hundreds of its own. So a run without faults is recorded first;
 * the calls among them that concern the spool are the points at which a later
 * run can be hit, each by its number.
 */
import { existsSync, readFileSync } from 'node:fs';

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
  /** Of what it concerned, below the spool, and which one of that name it was there; absent where names are random. */
  at?: { path: string; nth: number } | undefined;
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
  /** Only calls that concern this path are counted. */
  path?: string | undefined;
}

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
  const where = inject?.path === undefined ? [] : ['-P', inject.path];
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

/** The environment of a command below strace, which attends to each thread: few threads are quicker. */
export const fewThreads: Readonly<Record<string, string>> = { UV_THREADPOOL_SIZE: '2' };

/** The recorded calls that concern the spool, in their order. */
export function readCalls(trace: string, root: string): Call[] {
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
    const path = [name === 'rename' ? paths[0] : paths.at(-1)].find(isFixed);
    for (const each of paths) count(`${thread} ${name} ${each}`);
    const shape = shapeOf(name, paths);
    if (shape === undefined) continue;
    const errno = /^-1 (E[A-Z0-9]+)/.exec(result)?.[1];
    found.push({
      name,
      nth,
      shape,
      ...(path && { at: { path, nth: counts.get(`${thread} ${name} ${path}`) ?? 1 } }),
      result,
      changes: name !== 'openat' || args.includes('O_CREAT'),
      injected: result.includes('(INJECTED)'),
      ...(errno && { errno }),
    });
  }
  return found;
}

/** Of each shape the first, and every so many after it: a call in the middle of many alike is as good as its neighbour. */
export function sample(calls: readonly Call[], every: number): Call[] {
  const seen = new Map<string, number>();
  return calls.filter(({ shape }) => {
    const kind = shape.replace(/^(mkdir|chmod|openat|fsync) [^/]*$/, '$1 …'); // the spool's own directories
    const count = seen.get(kind) ?? 0;
    seen.set(kind, count + 1);
    return count % every === 0;
  });
}

function linesOf(trace: string): string[] {
  return existsSync(trace) ? readFileSync(trace, 'utf8').split('\n') : [];
}

/** Whether a name is the same in each run over the same events. */
function isFixed(path: string | undefined): boolean {
  return path !== undefined && !/^(tmp\/|retry\/.*\/|journal\/|$)/.test(path);
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
