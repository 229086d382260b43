/** Garbage for every place of a spool, and the question where it has gone. */
import { execFileSync } from 'node:child_process';
import {
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { parseBatch, parseEvent } from '../../../src/event/record.js';
import { errnoOf } from '../../../src/shared/errors.js';
import { parseRetryName } from '../../../src/spool/file/disk/layout.js';
import { createMutator, type Mutator } from './mutator.js';

/** Something that was put into a spool. */
export interface Planted {
  path: string;
  ino: number;
  /** Of a regular file. */
  content?: Buffer;
}

/** Where to, and the name that would be right there. */
const places: ReadonlyArray<readonly [directory: string, name: (n: number) => string]> = [
  ['incoming', (n) => `evt-${n}.json`],
  ['incoming', (n) => `batch-${n}.jsonl`],
  ['queue', (n) => `endpoint-${n}`],
  ['queue/a', (n) => String(n).padStart(8, '0')],
  ['queue/a/00000001', (n) => `evt-${n}.json`],
  ['queue/x', (n) => String(n).padStart(8, '0')],
  ['queue/x/00000002', (n) => `evt-${n}.json`],
  ['retry', (n) => `endpoint-${n}`],
  ['retry/a', (n) => `${Date.now() - 1000}.1.evt-${n}.json`],
  ['retry/x', (n) => `${Date.now() - 1000}.1.evt-${n}.json`],
  ['dead', (n) => `endpoint-${n}`],
  ['dead/a', (n) => `evt-${n}.why.json`],
  ['endpoints', (n) => `endpoint-${n}.json`],
  ['tmp', (n) => `${n}`],
  ['corrupt', (n) => `evt-${n}.json.why`],
  ['journal', (n) => `2026-11-${n % 31}.jsonl`],
  ['.', (n) => `VERSION.${n}`],
];

/** Plants so many entries, the same with the same seed; those that cannot be are left out. */
export function plant(root: string, { seed, count }: { seed: number; count: number }): Planted[] {
  const mutator = createMutator(seed);
  const texts = fc.sample(fc.json(), { seed, numRuns: 100 });
  for (const [directory] of places) mkdirSync(`${root}/${directory}`, { recursive: true });
  const planted: Planted[] = [];
  for (let n = 1; n <= count; n += 1) {
    const [directory, name] = mutator.pick(places);
    const path = Buffer.concat([Buffer.from(`${root}/${directory}/`), mutator.name(name(n))]);
    try {
      planted.push(...put(path, { content: contentOf(n, mutator, texts), mutator }));
    } catch (error) {
      if (!['EEXIST', 'ENAMETOOLONG', 'EISDIR'].includes(errnoOf(error) ?? '')) throw error;
    }
  }
  return planted;
}

/** A valid event or batch, a broken one, or something else. */
function contentOf(n: number, { below, mutate, pick }: Mutator, texts: readonly string[]): Buffer {
  const event = `{"capnhook":1,"id":"evt-${n}","hook":"complete","time":"2026-11-23T12:00:00.000Z",\n"payload":${pick(texts)}\n}\n`;
  const batch = `{"capnhook":1,"id":"batch-${n}","hook":"complete","batch":1}\n{"n":${n}}\n[${n}.0]\n`;
  const way = below(10);
  if (way === 0) return Buffer.from(pick(texts));
  if (way === 1) return Buffer.from(event);
  return mutate(Buffer.from(below(3) === 0 ? batch : event));
}

function put(path: Buffer, { content, mutator }: { content: Buffer; mutator: Mutator }): Planted[] {
  const way = mutator.below(20);
  if (way === 0) symlinkSync(mutator.pick(['/nowhere', '/dev/zero', '..', 'x', '/etc/passwd']), path);
  else if (way === 1) putPipe(path);
  else if (way < 5) return putDirectory(path, { content, mutator });
  else {
    writeFileSync(path, content, { flag: 'wx' });
    return [{ ...noted(path), content }];
  }
  return [noted(path)];
}

/** An argument of a command is a text, and a name need not be one. */
function putPipe(path: Buffer): void {
  const made = join(tmpdir(), `pipe-${process.pid}`);
  execFileSync('mkfifo', [made]);
  try {
    linkSync(made, path);
  } finally {
    unlinkSync(made);
  }
}

/** An empty one is removed where it stands for an endpoint or a segment: so there is something in it. */
function putDirectory(path: Buffer, { content, mutator }: { content: Buffer; mutator: Mutator }): Planted[] {
  mkdirSync(path);
  const file = Buffer.concat([path, Buffer.from('/'), mutator.name('evt-1.json')]);
  writeFileSync(file, content, { flag: 'wx' });
  return [{ ...noted(file), content }];
}

function noted(path: Buffer): Planted {
  return { path: path.toString(), ino: lstatSync(path).ino };
}

/** What is in a spool neither by its inode nor by its content, and was not sent either. */
export function missingOf(root: string, planted: readonly Planted[], sent: ReadonlySet<string>): string[] {
  const found = { inodes: new Set<number>(), contents: new Set<string>() };
  walk(Buffer.from(root), found);
  const isKept = ({ ino, content }: Planted): boolean =>
    found.inodes.has(ino) || (content !== undefined && found.contents.has(content.toString('latin1')));
  return planted
    .filter((each) => !isKept(each) && !isSent(each, sent))
    .map(({ path, content }) => `${JSON.stringify(path)}: ${JSON.stringify(content?.toString())}`);
}

/**
 * What a drain has read, could not use, and left where it was: of `incoming/`, `queue/` and `retry/`, all that is no
 * valid event or batch belongs into `corrupt/`. Names that begin with a dot are nobody's; in the queues those that are
 * no text are not, either.
 */
export function leftOf(root: string, planted: readonly Planted[]): string[] {
  const aside = { inodes: new Set<number>(), contents: new Set<string>() };
  walk(Buffer.from(`${root}/corrupt`), aside);
  return garbageOf(root, planted)
    .filter(({ ino }) => !aside.inodes.has(ino))
    .map(({ path, content }) => `${JSON.stringify(path)}: ${JSON.stringify(content?.toString())}`);
}

/** What a drain reads and cannot use. */
export function garbageOf(root: string, planted: readonly Planted[]): Planted[] {
  return planted.filter(({ path, content }) => {
    const [room = '', ...names] = path.slice(root.length + 1).split('/');
    if (!['incoming', 'queue', 'retry'].includes(room)) return false;
    if (names.some((name) => name.startsWith('.'))) return false;
    if (room !== 'incoming' && path.includes('\ufffd')) return false;
    // It is read when it is due: bits of that time may have been turned over.
    const dueMs = room === 'retry' ? (parseRetryName(names.at(-1) ?? '')?.dueMs ?? 0) : 0;
    if (dueMs > Date.now()) return false;
    return content === undefined || !(parseEvent(content).ok || parseBatch(content).ok);
  });
}

function isSent({ content }: Planted, sent: ReadonlySet<string>): boolean {
  if (content === undefined) return false;
  const [event, batch] = [parseEvent(content), parseBatch(content)];
  const payloads = event.ok ? [event.payload] : batch.ok ? batch.payloads : [];
  return payloads.length > 0 && payloads.every((payload) => sent.has(Buffer.from(payload).toString()));
}

function walk(directory: Buffer, found: { inodes: Set<number>; contents: Set<string> }): void {
  for (const name of readdirSync(directory, { encoding: 'buffer' })) {
    const path = Buffer.concat([directory, Buffer.from('/'), name]);
    const stat = lstatSync(path);
    found.inodes.add(stat.ino);
    if (stat.isDirectory()) walk(path, found);
    else if (stat.isFile() && stat.size < 1 << 20) found.contents.add(readFileSync(path, 'latin1'));
  }
}
