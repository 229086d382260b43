import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { batch, rest } from '../../../support/batch-kit.js';
import { fanOutAll, madeSpool, names, quickDir, read, sideOf, spoolAt } from '../../../support/spool-kit.js';

const windowBytes = 65_536;

describe('the lines of a batch', () => {
  const long = (length: number) => `"${'y'.repeat(length - 2)}"`;
  it.each<[string, string, string[]]>([
    ['blank lines', '{"id":"b","hook":"x"}\n\n1\n \n\t\r\n2\n\n\n', ['1', '2']],
    ['carriage returns', '{"id":"b","hook":"x"}\r\n1\r\n {"a":1} \r\n', ['1', '{"a":1}']],
    ['white space behind the last line feed', '{"id":"b","hook":"x"}\n1\n2\n \r', ['1', '2']],
    [
      'a line of more than a window',
      batch(['1', long(windowBytes + 1), '2']),
      ['1', long(windowBytes + 1), '2'],
    ],
    ['a line of many windows', batch([long(20 * windowBytes), '1']), [long(20 * windowBytes), '1']],
    [
      'lines that end where a window ends',
      batch([long(windowBytes - 23), '1', '2']),
      [long(windowBytes - 23), '1', '2'],
    ],
    [
      'very many lines of one byte',
      batch(Array.from({ length: 40_000 }, () => '7')),
      Array.from({ length: 40_000 }, () => '7'),
    ],
  ])('with %s are sent as they are', async (_what, content, expected) => {
    const root = madeSpool(quickDir());
    writeFileSync(`${root}/incoming/b.jsonl`, content);
    expect(await rest(root)).toEqual(expected);
  });

  it.each<[string, string, RegExp]>([
    [
      'a last line that does not end',
      '{"id":"b","hook":"x"}\n1\n12',
      /^line 3: it does not end in a line feed/,
    ],
    ['no line but the header', '{"id":"b","hook":"x"}\n', /^line 2: no payload in it$/],
    ['only blank lines', '{"id":"b","hook":"x"}\n\n \n', /no payload in it$/],
    ['a bad line', batch(['1', '2', '{"a":', '4']), /^line 4: /],
    ['a header that is no JSON', 'hook: x\n1\n', /^line 1: /],
    ['an id that is too long', batch(['1'], 'x'.repeat(127)), /the id is too long/],
  ])('the intake puts a batch with %s aside, under the name that it has', async (_what, content, reason) => {
    const root = madeSpool(quickDir());
    writeFileSync(`${root}/incoming/dropped.jsonl`, content);
    const side = await sideOf(spoolAt(root));
    const { quarantined } = await fanOutAll(side, () => ['a']);
    expect(quarantined).toEqual([{ name: 'dropped.jsonl', reason: expect.stringMatching(reason) }]);
    expect(read(`${root}/corrupt/dropped.jsonl`)).toBe(content);
    await side.close();
    expect(names(`${root}/queue`)).toEqual([]);
  });
});
