import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fired } from '../../support/cli-kit.js';
import { createPlace, type Place } from '../../support/place.js';

/** A place with two dead events, one that waits, and one corrupt entry. */
async function filled(): Promise<Place> {
  const place = createPlace();
  for (const id of ['e1', 'e2']) await place.run(['fire', 'load', '-d', '1', '--id', id]);
  await place.run(['drop', '--all', '--yes']);
  await fired(place);
  await place.run(['init']);
  writeFileSync(join(place.spool, 'corrupt/torn.json'), '{');
  writeFileSync(join(place.spool, 'corrupt/torn.json.why'), 'it is not JSON\n');
  return place;
}

describe('capnhook purge', () => {
  it('purge removes for good what is named, says so, and notes it in the journal', async () => {
    const place = await filled();
    expect(await place.run(['purge', '--dead', 'e1', '--yes'])).toMatchObject({
      code: 0,
      stderr: 'capnhook: removed 1 dead delivery; this cannot be undone\n',
    });
    expect(place.names('dead')).toEqual(['e2.json', 'e2.why.json']);
    expect(await place.run(['purge', '--dead', '--corrupt', '--yes'])).toMatchObject({
      stderr: 'capnhook: removed 1 dead delivery and 1 corrupt entry; this cannot be undone\n',
    });
    expect([place.names('dead'), place.names('corrupt')]).toEqual([[], []]);
    expect(place.names('incoming')).toHaveLength(1);
    const [day] = place.names('journal');
    const journal = readFileSync(join(place.spool, 'journal', day ?? ''), 'utf8');
    expect(journal.match(/"what":"purged","event":"(e1|e2|torn.json)"/g)).toHaveLength(3);
  });

  it.each([
    ['y', 0],
    ['n', 2],
  ])('purge asks on a terminal, and after %j there are %d left', async (answer, left) => {
    const place = await filled();
    const ran = await place.run(['purge', '--dead'], { terminal: ['in', 'err'], answer });
    expect(ran.code).toBe(0);
    expect(ran.io.asked).toEqual([`Remove 2 dead deliveries in the spool ${place.spool} for good? [y/N] `]);
    expect(place.names('dead').filter((name) => !name.endsWith('.why.json'))).toHaveLength(left);
  });

  it('purge removes nothing with --dry-run, without --yes where it cannot ask, and of what is younger', async () => {
    const place = await filled();
    expect((await place.run(['purge', '--dead', '--dry-run'])).stderr).toBe(
      'capnhook: would remove 2 dead deliveries; nothing was changed\n',
    );
    expect(await place.run(['purge', '--dead'])).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('Add --yes to confirm'),
    });
    expect(await place.run(['purge', '--dead', '--older', '1h', '--yes'])).toMatchObject({
      code: 0,
      stderr: 'capnhook: nothing to purge\n',
    });
    expect(place.names('dead')).toHaveLength(4);
  });

  it('purge refuses what would select nothing: no room, an unknown id, and an endpoint of what is corrupt', async () => {
    const place = await filled();
    expect(await place.run(['purge', '--yes'])).toMatchObject({ code: 64 });
    expect(await place.run(['purge', '--yes', '--dead', 'e3'])).toMatchObject({ code: 66 });
    expect(await place.run(['purge', '--yes', '--corrupt', '--endpoint', 'a'])).toMatchObject({ code: 64 });
    expect(place.names('corrupt')).toHaveLength(2);
    expect(await place.run(['purge', '--yes', '--corrupt', 'torn'])).toMatchObject({ code: 0 });
    expect(place.names('corrupt')).toEqual([]);
  });
});
