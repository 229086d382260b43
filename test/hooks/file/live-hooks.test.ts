import { chmodSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openHooks } from '../../../src/hooks/file/live-hooks.js';
import { register } from '../../../src/library/register.js';
import { type Clock, systemClock } from '../../../src/shared/clock.js';
import { here } from '../../support/library-kit.js';

describe('openHooks()', () => {
  /** A clock by which every file was written a minute ago. */
  const later: Clock = { now: () => Date.now() + 60_000, monotonic: systemClock.monotonic };

  const one = 'hooks: {a: [http://a.example/]}\n';
  const other = 'hooks: {b: [http://a.example/]}\n';

  /** A file that was written long ago, opened by a clock that is set. */
  async function opened() {
    const { place } = here();
    place.hooks(one);
    let passed = 0;
    const clock = { now: () => Date.now() + passed, monotonic: () => passed };
    const hooks = await openHooks(place.config, { clock });
    return {
      place,
      /** Writes the file in place, at the time that the clock shows. */
      write(text: string) {
        place.hooksInPlace(text);
        utimesSync(place.config, clock.now() / 1000, clock.now() / 1000);
      },
      pass: (ms: number) => (passed += ms),
      look: async () => (await hooks.refresh()).kind,
      hook: () => hooks.current().registrations[0]?.pattern,
    };
  }

  it('refresh() takes a file that is written in place when it has not been written to for a second', async () => {
    const { write, pass, look, hook } = await opened();
    write('');
    expect(await look()).toBe('unsettled');
    pass(500);
    write(other);
    expect([await look(), hook()]).toEqual(['unsettled', 'a']);
    pass(600);
    write(`${other}# more`);
    expect([await look(), hook()]).toEqual(['unsettled', 'a']);
    pass(1_001);
    expect([await look(), hook()]).toEqual(['reloaded', 'b']);
    expect(await look()).toBe('same');
  });

  it('refresh() takes a file that looks the same for a second, whatever the wall clock says', async () => {
    const { place } = here();
    place.hooks(one);
    let passed = 0;
    const hooks = await openHooks(place.config, { clock: { now: Date.now, monotonic: () => passed } });
    const write = () => place.hooksInPlace(other);
    write();
    const stuck = vi.spyOn(Date, 'now').mockReturnValue(Date.now());
    onTestFinished(() => void stuck.mockRestore());
    expect((await hooks.refresh()).kind).toBe('unsettled');
    passed = 999;
    expect((await hooks.refresh()).kind).toBe('unsettled');
    passed = 1_000;
    expect((await hooks.refresh()).kind).toBe('reloaded');
  });

  it('refresh() takes a file that was renamed into its place at once', async () => {
    const { place, look, hook } = await opened();
    const next = place.file('next', other);
    await sleep(10); // the times that the kernel writes down are some milliseconds apart
    renameSync(next, place.config);
    expect([await look(), hook()]).toEqual(['reloaded', 'b']);
  });

  it('refresh() waits for a new file that is written in place, as after rm', async () => {
    const { place, pass, look, hook } = await opened();
    rmSync(place.config);
    expect(await look()).toBe('broken');
    place.hooksInPlace(other);
    expect([await look(), hook()]).toEqual(['unsettled', 'a']);
    pass(1_001);
    expect([await look(), hook()]).toEqual(['reloaded', 'b']);
  });

  it('refresh() takes a file with a time far in the future', async () => {
    const { place, look } = await opened();
    place.hooks(other);
    utimesSync(place.config, 4e9, 4e9);
    expect(await look()).toBe('reloaded');
  });

  it('openHooks() waits for a file that is being written', async () => {
    const { place } = here();
    place.hooksInPlace(one);
    let passed = 0;
    const monotonic = () => {
      passed += 400;
      if (passed === 2_000) place.hooksInPlace(other);
      return passed;
    };
    const now = () => statSync(place.config).mtimeMs;
    const hooks = await openHooks(place.config, { clock: { now, monotonic } });
    expect(hooks.current().registrations[0]?.pattern).toBe('b');
  });

  it('openHooks() gives up waiting for a file that is written on and on', async () => {
    const { place } = here();
    let passed = 0;
    const monotonic = () => {
      passed += 900;
      place.hooksInPlace(`${one}# ${passed}`);
      return passed;
    };
    const now = () => statSync(place.config).mtimeMs;
    await expect(openHooks(place.config, { clock: { now, monotonic } })).rejects.toMatchObject({
      code: 'TEMPORARY',
      message: expect.stringContaining('another program keeps writing to it'),
    });
  });

  it('openHooks() does not wait for it when it is to stop', async () => {
    const { place } = here();
    place.hooksInPlace(one);
    const clock = { now: () => statSync(place.config).mtimeMs, monotonic: () => 0 };
    const hooks = await openHooks(place.config, { clock, stop: AbortSignal.timeout(150) });
    expect(hooks.current().registrations[0]?.pattern).toBe('a');
  });

  it('openHooks() reads a file anew that was written to while it was read', async () => {
    const { place } = here();
    place.hooks(one);
    utimesSync(place.config, 4e9, 4e9);
    let isFirst = true;
    function now() {
      if (!isFirst) return Date.now();
      isFirst = false;
      place.hooksInPlace('hooks: ['); // after the file was looked at, and before it is read
      setTimeout(() => place.hooksInPlace(other), 300);
      return Date.now();
    }
    const hooks = await openHooks(place.config, { clock: { now, monotonic: systemClock.monotonic } });
    expect(hooks.current().registrations[0]?.pattern).toBe('b');
  });

  it('openHooks() does not wait for a file that is older than a second', async () => {
    const { place } = here();
    place.hooks(one);
    const started = performance.now();
    await openHooks(place.config);
    expect(performance.now() - started).toBeLessThan(90);
  });

  it.each([
    ['', 'is empty'],
    ['# nobody\n', 'is empty'],
    ['---\n', 'is empty'],
    ['null', 'is empty'],
    ['{}', "nothing under 'hooks'"],
    ['hooks:\n', "nothing under 'hooks'"],
    ['endpoints: {a: https://a.example}\n', "nothing under 'hooks'"],
    ['defaults: {timeout: 1s}\n', "nothing under 'hooks'"],
  ])('openHooks() refuses a file without hooks, and register() adds to it: %j', async (text, why) => {
    const { place } = here();
    place.hooks(text);
    await expect(openHooks(place.config, { clock: later })).rejects.toMatchObject({
      code: 'HOOKS_FILE',
      message: expect.stringContaining(why),
      hint: 'Write `hooks: {}` if no event should have a receiver.',
    });
    await register('b', 'http://b.example/', { config: place.config });
    await openHooks(place.config, { clock: later });
  });

  it('openHooks() rejects while the file is missing or broken', async () => {
    const { place } = here();
    await expect(openHooks(place.config)).rejects.toMatchObject({ code: 'HOOKS_FILE' });
    place.hooks('hooks: [');
    await expect(openHooks(place.config)).rejects.toMatchObject({ code: 'HOOKS_FILE' });
  });

  it('refresh() tells of a change once, and of a broken file once', async () => {
    const { place } = here();
    place.hooks('hooks: {a: [http://a.example/]}\n');
    let reloads = 0;
    const hooks = await openHooks(place.config, {
      clock: later,
      onReload() {
        reloads += 1;
      },
    });
    const kinds = async () => [(await hooks.refresh()).kind, (await hooks.refresh()).kind];
    expect(await kinds()).toEqual(['same', 'same']);
    place.hooks('hooks: {b: [http://a.example/]}\n');
    expect(await kinds()).toEqual(['reloaded', 'same']);
    expect(hooks.current().registrations[0]!.pattern).toBe('b');
    for (const broken of [
      () => place.hooks('hooks: ['),
      () => chmodSync(place.config, 0o600),
      () => place.hooks('x: 1'),
    ]) {
      broken();
      expect((await hooks.refresh()).kind).toBe('broken');
    }
    expect(await kinds()).toEqual(['same', 'same']);
    expect(hooks.current().registrations[0]!.pattern).toBe('b');
    hooks.invalidate();
    expect(await kinds()).toEqual(['broken', 'same']);
    place.hooks('# nobody');
    expect(await kinds()).toEqual(['broken', 'same']);
    place.hooks('hooks: {}');
    expect(await kinds()).toEqual(['reloaded', 'same']);
    hooks.invalidate();
    expect(await kinds()).toEqual(['reloaded', 'same']);
    expect(reloads).toBe(4); // when it is asked for secrets are read anew, however broken the file is
  });

  it('refresh() of a file that went away, or that cannot be reached, is broken once', async () => {
    const { place } = here();
    const hooksFile = place.file('d/hooks.yaml', 'hooks: {}');
    const hooks = await openHooks(hooksFile);
    const { symlinkSync } = await import('node:fs');
    rmSync(hooksFile);
    expect([(await hooks.refresh()).kind, (await hooks.refresh()).kind]).toEqual(['broken', 'same']);
    symlinkSync(hooksFile, hooksFile);
    expect([(await hooks.refresh()).kind, (await hooks.refresh()).kind]).toEqual(['broken', 'same']);
  });
});
