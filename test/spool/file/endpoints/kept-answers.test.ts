import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemDisk } from '../../../../src/spool/file/disk/disk.js';
import { createKeptAnswers } from '../../../../src/spool/file/endpoints/kept-answers.js';
import { tempDir } from '../../../support/temp.js';

const body = 'x'.repeat(8_000);

function kit(maxBytes: number) {
  const root = tempDir();
  for (const path of ['tmp', 'answers/e', 'dead/e']) mkdirSync(join(root, path), { recursive: true });
  let n = 0;
  const open = () => createKeptAnswers(systemDisk, root, () => `t${n++}`, { maxBytes });
  let kept = open();
  return {
    root,
    reopen() {
      kept = open();
    },
    add(path: string) {
      const why = path.startsWith('dead/');
      const text = JSON.stringify(
        why ? { reason: 'refused', answer: { status: 422, body } } : { status: 422, body },
      );
      writeFileSync(join(root, path), text);
      kept.add(path, text.length);
    },
    has: (path: string) => existsSync(join(root, path)),
    read: (path: string) => readFileSync(join(root, path), 'utf8'),
  };
}

describe('createKeptAnswers()', () => {
  it('add() removes the oldest answers when there are too many, and only the text of those of dead deliveries', () => {
    const { add, has, read, reopen } = kit(40 * 8192);
    for (let n = 0; n < 20; n += 1) {
      add(`answers/e/${n}.json`);
      add(`dead/e/${n}.why.json`);
      add('answers/e.json'); // written again and again, it takes up its room once
      reopen();
    }
    add('answers/e/20.json');
    expect(has('answers/e/0.json')).toBe(false);
    expect(JSON.parse(read('dead/e/0.why.json'))).toEqual({ reason: 'refused', answer: { status: 422 } });
    expect(has('answers/e/20.json')).toBe(true);
    expect(has('answers/e.json')).toBe(true);
    expect(read('dead/e/19.why.json')).toContain(body);
    const total = read('answers/kept.log')
      .split('\n')
      .reduce((sum, line) => sum + Number.parseInt(line || '0', 10), 0);
    expect(total).toBeLessThanOrEqual(40 * 8192);
  });

  it('add() goes on where its log is torn, or is something else', () => {
    const { add, has, root } = kit(4 * 8192);
    writeFileSync(
      join(root, 'answers/kept.log'),
      '8192 answers/../../x.json\n8192 answers/e/gone.json\ngarbage\n81',
    );
    for (let n = 0; n < 6; n += 1) add(`answers/e/${n}.json`);
    expect(has('answers/e/0.json')).toBe(false);
    expect(has('answers/e/5.json')).toBe(true);
  });
});
