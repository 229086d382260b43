import {
  linkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createLinkedEvents, type LinkedEvent } from '../../../../src/spool/file/batch/linked-events.js';
import { systemDisk } from '../../../../src/spool/file/disk/disk.js';
import { tempDir } from '../../../support/temp.js';

interface Made {
  path: string;
  event: LinkedEvent;
}

function kit() {
  const root = tempDir();
  const events = createLinkedEvents(systemDisk);
  let count = 0;
  /** A file with a second name, and its event. */
  function make({ urls = 16, links = 2, size }: { urls?: number; links?: number; size?: number } = {}): Made {
    count += 1;
    const path = join(root, `${count}.json`);
    writeFileSync(path, 'event');
    if (size !== undefined) truncateSync(path, size);
    if (links > 1) linkSync(path, `${path}.link`);
    const to = Array.from({ length: urls }, (_, n) => `https://${n}.example/in`);
    const parsed = {
      ok: true,
      id: `e${count}`,
      to,
      payload: Buffer.from('1'),
    } as unknown as LinkedEvent['parsed'];
    return { path, event: { parsed, stat: statSync(path) } };
  }
  return { events, make };
}

describe('createLinkedEvents()', () => {
  it('find() has an event by any name of its file', () => {
    const { events, make } = kit();
    const { path, event } = make();
    expect(events.find(path)).toBeUndefined();
    events.keep(event);
    expect(events.find(path)).toBe(event);
    expect(events.find(`${path}.link`)).toBe(event);
  });

  it('keep() keeps neither what has one name, nor few URLs, nor too many bytes', () => {
    const { events, make } = kit();
    for (const made of [make({ links: 1 }), make({ urls: 15 }), make({ size: (16 << 20) + 1 })]) {
      events.keep(made.event);
      expect(events.find(made.path)).toBeUndefined();
    }
  });

  it('find() has nothing for a file that was changed, replaced, removed, or is a link', () => {
    const { events, make } = kit();
    const made = [make(), make(), make(), make(), make()];
    for (const { event } of made) events.keep(event);
    const [changed, touched, replaced, removed, linked] = made.map(({ path }) => path) as [
      string,
      string,
      string,
      string,
      string,
    ];
    writeFileSync(changed, 'another event');
    utimesSync(touched, 1, 1);
    writeFileSync(`${replaced}.new`, 'event');
    renameSync(`${replaced}.new`, replaced);
    rmSync(removed);
    rmSync(linked);
    symlinkSync(`${linked}.link`, linked);
    for (const path of [changed, touched, replaced, removed, linked])
      expect(events.find(path)).toBeUndefined();
    expect(events.find(`${linked}.link`)).toBe(made[4]?.event);
  });

  it('keep() forgets the oldest where there is no room, and counts one that is read again once', () => {
    const { events, make } = kit();
    const size = 6 << 20;
    const [first, second, third] = [make({ size }), make({ size }), make({ size })];
    events.keep(first.event);
    for (let n = 0; n < 4; n += 1) events.keep(second.event);
    expect([first, second].map(({ path, event }) => events.find(path) === event)).toEqual([true, true]);
    events.keep(third.event);
    expect(events.find(first.path)).toBeUndefined();
    expect([second, third].map(({ path, event }) => events.find(path) === event)).toEqual([true, true]);
  });
});
