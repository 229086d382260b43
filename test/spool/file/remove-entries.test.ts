/** What a person removes for good: entries with their reasons, and nothing that a drain has to do with. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesBelow, madeSpool, quickDir, spoolAt } from '../../support/spool-kit.js';

function filled(...paths: string[]) {
  const root = madeSpool(quickDir());
  for (const path of paths) {
    mkdirSync(dirname(`${root}/${path}`), { recursive: true });
    writeFileSync(`${root}/${path}`, '{}');
  }
  return { root, spool: spoolAt(root) };
}

async function* each(...places: string[]) {
  yield* places;
}

describe('remove() of a file spool', () => {
  it.each([
    ['dead/chat/evt_1.json', ['dead/chat/evt_1.why.json']],
    ['dead/+incoming/evt_1.jsonl', ['dead/+incoming/evt_1.why.json']],
    ['unclaimed/evt_1.jsonl', ['unclaimed/evt_1.why.json']],
    ['corrupt/x.json', ['corrupt/x.json.why']],
    ['sent/2026-11-30/chat/evt_1.json', []],
  ])('removes %s, with its reason', async (place, others) => {
    const { root, spool } = filled(place, ...others, 'dead/chat/evt_2.json');
    expect(await spool.remove(each(place))).toBe(1);
    expect(filesBelow(root).filter((path) => /^(dead|unclaimed|corrupt|sent)/.test(path))).toEqual([
      'dead/chat/evt_2.json',
    ]);
  });

  it.each([
    'incoming/evt_1.json',
    'queue/chat/00000001/evt_1.json',
    'retry/chat/1.0.evt_1.json',
    'dead/chat/evt_1.why.json',
    'dead/chat/.hidden.json',
    'dead/../incoming/evt_1.json',
    'sent/sizes.json',
    'journal/2026-11-30.jsonl',
    'VERSION',
    'lock',
  ])('leaves %s', async (place) => {
    const { root, spool } = filled('incoming/evt_1.json', place);
    const before = filesBelow(root);
    expect(await spool.remove(each(place))).toBe(0);
    expect(filesBelow(root)).toEqual(before);
  });
});
