import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createWorld, eachOf } from '../support/world.js';

/** Texts that a parser and a serialiser would not give back as they are. */
const exact: Record<string, string> = {
  'a number beyond 2^53': '12345678901234567890',
  'a number with a zero behind its point': '1.0',
  'a number beyond a double': '1e400',
  'minus zero': '-0',
  'keys that come twice': '{"a":1,"b":2,"a":3}',
  'keys of every object': '{"__proto__":{"x":1},"constructor":null,"toString":[]}',
  'a string of 200 kB': JSON.stringify('x"\\'.repeat(50_000)),
  'an empty list': '[]',
  'an empty object': '{}',
  'a string': '"s"',
  'an empty string': '""',
  zero: '0',
  null: 'null',
  'a pretty-printed text': '{\n\t"a": [\r\n    1,\n    2\n  ]\n}',
  'characters beyond ASCII': '{"ключ":"значение","emoji":"🏴‍☠️","bom inside":"\uFEFF","line":"\u2028"}',
  'escapes as they are written': '"\\u00e4\\/\\ud83d\\ude00\\ud800"',
  'ten thousand brackets': `${'['.repeat(10_000)}${']'.repeat(10_000)}`,
};

/** Bytes that are no payload, and a word of what is said about them. */
const refused: Record<string, [Uint8Array, RegExp]> = {
  'nothing at all': [Buffer.from(''), /empty/],
  'white space alone': [Buffer.from(' \n\t\n'), /white space/],
  'a truncated text': [Buffer.from('{"id":1,"name":"Je'), /unexpected end/],
  'trailing text': [Buffer.from('{"id":1} done'), /text after the JSON value/],
  'single quotes': [Buffer.from("{'id':1}"), /single quote/],
  NaN: [Buffer.from('{"n":NaN}'), /NaN/],
  'a byte-order mark': [Buffer.from('\uFEFF{"id":1}'), /byte-order mark/],
  'latin-1': [Buffer.from('{"name":"Jürgen"}', 'latin1'), /not UTF-8.*0xFC/],
  'UTF-16': [Buffer.from('\uFEFF{"id":1}', 'utf16le'), /UTF-16/],
  'UTF-16 without a mark': [Buffer.from('{"id":1}', 'utf16le'), /UTF-16/],
  'two values': [Buffer.from('{"id":1}\n{"id":2}\n'), /second JSON value/],
  'a trailing comma': [Buffer.from('{"id":1,}'), /trailing comma/],
  'a line break in a string': [Buffer.from('"a\nb"'), /control character/],
  'a surrogate as UTF-8': [Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), /not UTF-8/],
};

describe('payloads', () => {
  test.each(['file', 'standard input', '--data'])(
    'capnhook fire with the payload from %s: drain sends it byte for byte',
    async (way) => {
      const world = createWorld();
      const receiver = await world.receiver();
      await world.run(['register', 'complete', receiver.url]);
      const texts = Object.values(exact).filter((text) => way !== '--data' || text.length < 100_000);

      await eachOf(texts, async (text, n) => {
        const rest =
          way === 'file'
            ? [world.file(`${n}.json`, `\n ${text}\n`)]
            : way === '--data'
              ? ['-d', text]
              : ['-'];
        const input = way === 'standard input' ? text : '';
        expect(await world.run(['fire', 'complete', ...rest, '--id', `p${n}`], { input })).toMatchObject({
          code: 0,
        });
      });
      expect(await world.run(['drain'])).toMatchObject({ code: 0 });

      const got = receiver.requests.map(({ headers, body }) => [headers['webhook-id'], body.toString()]);
      expect(Object.fromEntries(got)).toEqual(Object.fromEntries(texts.map((text, n) => [`p${n}`, text])));
      expect(receiver.requests).toHaveLength(texts.length);
    },
  );

  test('capnhook fire --ndjson: drain sends each line byte for byte', async () => {
    const world = createWorld();
    const receiver = await world.receiver();
    await world.run(['register', 'complete', receiver.url]);
    const lines = Object.values(exact).filter((text) => !text.includes('\n'));
    const file = world.file('all.ndjson', lines.join('\r\n'));
    expect(await world.run(['fire', 'complete', '--ndjson', file])).toMatchObject({ code: 0 });
    expect(await world.run(['drain'])).toMatchObject({ code: 0 });
    expect(receiver.requests.map(({ body }) => body.toString()).sort()).toEqual([...lines].sort());
  });

  test('capnhook fire stores the payload in its event file as it was written', async () => {
    const world = createWorld();
    await world.run(['fire', 'complete', '-d', '{"n": 1.0}', '--id', 'e1']);
    const stored = readFileSync(join(world.spool, 'incoming/e1.json'), 'utf8');
    expect(stored).toMatch(
      /^\{"capnhook":1,"id":"e1","hook":"complete","time":"[^"]+",\n"payload":\{"n": 1\.0\}\n\}\n$/,
    );
  });

  test.for(Object.entries(refused))(
    'capnhook fire refuses %s with 65 and a hint, and queues nothing',
    async ([, [bytes, words]]) => {
      const world = createWorld();
      const fired = await world.run(['fire', 'complete', world.file('p.json', bytes)]);
      expect(fired.code).toBe(65);
      expect(fired.stdout).toBe('');
      // One line that says what is wrong, and one that says what to do.
      expect(fired.stderr).toMatch(/^capnhook: Cannot fire this payload: .+\n {2}\S.+\n$/);
      expect(fired.stderr).toMatch(words);
      expect(world.names('incoming')).toEqual([]);
      expect(world.names('tmp')).toEqual([]);
    },
  );

  test.for([
    ['{"n":1}\n{"n":2}\n{"n":3\n{"n":4}\n', 3],
    ['{"n":1}\n\n\n[1,]\n', 4],
    ['{"n":1} {"n":2}\n', 1],
    ['\n\n', 1],
  ] as const)(
    'capnhook fire --ndjson refuses the batch %j for its line %i, and queues nothing',
    async ([text, line]) => {
      const world = createWorld();
      const fired = await world.run(['fire', 'complete', '--ndjson', '-'], { input: text });
      expect(fired.code).toBe(65);
      expect(fired.stderr).toContain(`line ${line}:`);
      expect(world.names('incoming')).toEqual([]);
    },
  );

  test("capnhook fire refuses a hook's name that could be a path or an option, with 64", async () => {
    const world = createWorld();
    await eachOf(['../x', 'a/b', 'a..b', '.x', 'x y', 'ä', 'x'.repeat(129), ''], async (hook) => {
      expect(await world.run(['fire', '-d', '1', '--', hook]), hook).toMatchObject({ code: 64 });
    });
    expect(world.names('incoming')).toEqual([]);
  });

  test('capnhook fire under an id that waits already exits 65, unless it is the same event', async () => {
    const world = createWorld();
    expect(await world.run(['fire', 'complete', '-d', '1', '--id', 'e1'])).toMatchObject({ code: 0 });
    expect(await world.run(['fire', 'complete', '-d', '1', '--id', 'e1'])).toMatchObject({ code: 0 });
    expect(await world.run(['fire', 'complete', '-d', '2', '--id', 'e1'])).toMatchObject({ code: 65 });
    expect(world.names('incoming')).toEqual(['e1.json']);
    expect(world.names('tmp')).toEqual([]);
  });
});
