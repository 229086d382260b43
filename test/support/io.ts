import { tryFire } from '../../src/cli/fast-lane.js';
import type { Io } from '../../src/cli/io/io.js';
import { run } from '../../src/cli/main.js';

export interface RecordingIoOptions {
  env?: Record<string, string | undefined>;
  /** What standard input holds; reading it without any fails the test. */
  input?: string | Uint8Array;
  /** Which streams are a terminal; none by default. */
  terminal?: ReadonlyArray<'in' | 'out' | 'err'>;
  /** What is typed when it asks. */
  answer?: string;
  /** The size of the terminal; default 200 columns and 50 rows. */
  size?: { columns: number; rows: number };
}

export interface RecordingIo extends Io {
  /** All that was written to standard output. */
  stdout(): string;
  stderr(): string;
  /** What it asked. */
  asked: string[];
  /** How often standard input was read. */
  reads(): number;
  /** Sends a signal to whoever listens; false if nobody does. */
  signal(name: NodeJS.Signals): boolean;
}

/** An `Io` that writes down what a command does. */
export function recordingIo({
  env = {},
  input,
  terminal = [],
  answer = '',
  size = { columns: 200, rows: 50 },
}: RecordingIoOptions = {}): RecordingIo {
  const written = { out: '', err: '' };
  const asked: string[] = [];
  const listeners = new Map<string, Set<() => void>>();
  let reads = 0;
  return {
    env,
    out(text) {
      written.out += text;
    },
    print(data) {
      written.out += Buffer.from(data as Uint8Array).toString();
      return true;
    },
    err(text) {
      written.err += text;
    },
    writeWordsTo: () => undefined,
    isTerminal: (stream) => terminal.includes(stream),
    terminalSize: () => (terminal.includes('out') ? size : undefined),
    readInput(maxBytes) {
      if (input === undefined) throw new Error('standard input was read, and nobody asked for it');
      reads += 1;
      const bytes = reads > 1 ? Buffer.alloc(0) : Buffer.from(input);
      return bytes.length > maxBytes ? undefined : bytes;
    },
    *inputPieces() {
      if (input === undefined) throw new Error('standard input was read, and nobody asked for it');
      yield Buffer.from(input);
    },
    async ask(question) {
      asked.push(question);
      return answer;
    },
    onSignal(signal, callback) {
      const all = listeners.get(signal) ?? new Set();
      listeners.set(signal, all.add(callback));
      return () => all.delete(callback);
    },
    stdout: () => written.out,
    stderr: () => written.err,
    asked,
    reads: () => reads,
    signal(name) {
      const all = [...(listeners.get(name) ?? [])];
      for (const each of all) each();
      return all.length > 0;
    },
  };
}

/** How a command line has ended, and what it said. */
export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
  io: RecordingIo;
}

/** Runs a command line as `bin/capnhook.js` does, in this process. */
export async function runCommand(argv: readonly string[], options: RecordingIoOptions = {}): Promise<Ran> {
  const io = recordingIo(options);
  const code = await (tryFire(argv, io) ?? run(argv, io));
  return { code, stdout: io.stdout(), stderr: io.stderr(), io };
}
