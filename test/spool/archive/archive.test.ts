/** The format of archives: what is written is read again, and nothing else is. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { type ArchiveEntry, archiveEnd, archiveHeader } from '../../../src/spool/archive/archive-entry.js';
import { createArchiveReader } from '../../../src/spool/archive/read-archive.js';
import { entryToBytes } from '../../../src/spool/archive/write-archive.js';
import { event } from '../../support/builders.js';

const accepted = Date.parse('2026-11-23T12:00:00.000Z');
const why = { reason: 'gave-up', message: 'it was refused', attempts: 3, time: '2026-11-23T12:00:00.000Z' };
const header = archiveHeader({ id: 'a1', time: '2026-11-23T12:00:00.000Z' });

function entry(parts: Partial<ArchiveEntry> = {}): ArchiveEntry {
  return {
    state: 'incoming',
    event: event(),
    endpoint: undefined,
    attempts: 0,
    acceptedAt: accepted,
    ...parts,
  };
}

const entries: ArchiveEntry[] = [
  entry({ event: event({ payload: Buffer.from('{\n  "a": 1.0,\r\n "a":12345678901234567890}') }) }),
  entry({ state: 'queued', endpoint: 'chat', event: event({ to: ['https://a.example/in'] }) }),
  entry({ state: 'retry', endpoint: 'a.example~0123456789ab', attempts: 7, dueMs: accepted + 60_000 }),
  entry({ state: 'dead', endpoint: 'chat', attempts: 3, why }),
  entry({ state: 'unclaimed', why: { reason: 'unclaimed', message: 'nobody', events: 1 } }),
];

function archiveOf(all: readonly ArchiveEntry[]): Buffer {
  return Buffer.concat([header, ...all.flatMap(entryToBytes), archiveEnd(all.length)]);
}

function readAll(bytes: Uint8Array, pieceBytes = bytes.length): ArchiveEntry[] {
  const reader = createArchiveReader();
  const found: ArchiveEntry[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes)
    found.push(...reader.push(bytes.subarray(at, at + pieceBytes)));
  reader.end();
  return found;
}

/** What an entry says, payload as text. */
function plain({ event: { payload, ...rest }, ...about }: ArchiveEntry) {
  const text = Buffer.from(payload).toString('latin1');
  return JSON.parse(JSON.stringify({ ...about, ...rest, text }));
}

describe('createArchiveReader()', () => {
  it.each([1, 3, 64, 1_000_000])('reads what was written, in pieces of %d bytes', (pieceBytes) => {
    expect(readAll(archiveOf(entries), pieceBytes).map(plain)).toEqual(entries.map(plain));
  });

  it('reads an archive without entries', () => expect(readAll(archiveOf([]))).toEqual([]));

  it('finds out wherever an archive is cut off', () => {
    const whole = archiveOf(entries);
    for (let length = 0; length < whole.length; length += 1)
      expect(() => readAll(whole.subarray(0, length)), `${length}`).toThrow(
        /^it (ends in the middle|is empty)/,
      );
  });

  it('finds out that an entry is missing, or something comes after the end', () => {
    const short = Buffer.concat([header, ...entryToBytes(entries[0]!), archiveEnd(2)]);
    expect(() => readAll(short)).toThrow('it has 1 entries, and says that it has 2');
    expect(() => readAll(Buffer.concat([archiveOf([]), Buffer.from('x')]))).toThrow(
      'something comes after its end',
    );
  });

  const line = (parts: object) => ({
    state: 'dead',
    endpoint: 'chat',
    attempts: 1,
    accepted: '2026-11-23T12:00:00Z',
    bytes: 10,
    ...parts,
  });
  it.each<[string, object, string]>([
    ['an endpoint that is a path', line({ endpoint: '../../etc' }), 'endpoint'],
    ['an endpoint that is hidden', line({ endpoint: '..' }), 'endpoint'],
    ['an endpoint with a NUL', line({ endpoint: 'a\0b' }), 'endpoint'],
    ['an endpoint with a line feed', line({ endpoint: 'a\nb' }), 'endpoint'],
    ['an endpoint of the spool itself', line({ endpoint: '+incoming' }), 'endpoint'],
    ['no endpoint where there must be one', line({ state: 'queued', endpoint: undefined }), 'endpoint'],
    ['an endpoint where there is none', line({ state: 'incoming' }), 'endpoint'],
    ['what was delivered', line({ state: 'sent' }), 'state'],
    ['a state that is unknown', line({ state: 'lost' }), 'state'],
    ['an absurd size', line({ bytes: 10 ** 12 }), 'size'],
    ['a size that is no number', line({ bytes: '10' }), 'size'],
    ['no size', line({ bytes: undefined }), 'size'],
    ['absurd attempts', line({ attempts: 1e10 }), 'number of attempts'],
    ['negative attempts', line({ attempts: -1 }), 'number of attempts'],
    ['a time that is none', line({ accepted: 'yesterday' }), 'time'],
    ['a due time that is none', line({ due: 5 }), 'time'],
    ['a reason that is none', line({ why: 'because' }), 'reason'],
  ])('refuses %s', (_, value, what) => {
    const bytes = Buffer.concat([header, Buffer.from(`${JSON.stringify(value)}\n`)]);
    expect(() => readAll(bytes)).toThrow(`entry 1: its ${what} cannot be used`);
  });

  it.each<[string, string]>([
    ['a path', '../../x'],
    ['a control character', 'a\u0007b'],
    ['more than 128 characters', 'x'.repeat(129)],
    ['nothing', ''],
  ])('refuses an id that is %s', (_, id) => {
    const bytes = Buffer.from(
      `${JSON.stringify({ capnhook: 1, id, hook: 'a', time: '2026-11-23T12:00:00Z', payload: 1 })}\n`,
    );
    const about = Buffer.from(`${JSON.stringify(line({ bytes: bytes.length }))}\n`);
    expect(() => readAll(Buffer.concat([header, about, bytes]))).toThrow(
      /^entry 1: its event cannot be used/,
    );
  });

  it('refuses an event without an id or a time, and one that is no JSON', () => {
    for (const text of [
      '{"hook":"a","payload":1,"time":"2026-11-23T12:00:00Z"}',
      '{"hook":"a","payload":1,"id":"x"}',
      '{"hook":',
    ]) {
      const about = Buffer.from(`${JSON.stringify(line({ bytes: text.length }))}\n`);
      expect(() => readAll(Buffer.concat([header, about, Buffer.from(text)]))).toThrow(
        /^entry 1: its event /,
      );
    }
  });

  it('keeps no line that does not end', () => {
    const reader = createArchiveReader();
    const piece = Buffer.alloc(65_536, 'x');
    expect(() => {
      for (let n = 0; n < 100; n += 1) for (const _ of reader.push(piece));
    }).toThrow('a line is too long');
  });

  it('says of other files what they are not', () => {
    expect(() => readAll(Buffer.from('hello\n'))).toThrow('it is not an archive of capnhook export');
    expect(() => readAll(Buffer.from('{"hook":"a","payload":1}\n'))).toThrow(
      'it is not an archive of capnhook export',
    );
    expect(() => readAll(Buffer.from('{"archive":2}\n'))).toThrow('it has a newer format');
  });
});

describe('an archive', () => {
  it('can be read with jq', () => {
    const ids = execFileSync('jq', ['-r', 'select(.capnhook) | .id'], { input: archiveOf(entries) });
    expect(ids.toString().trim().split('\n')).toEqual(entries.map(({ event: { id } }) => id));
  });
});
