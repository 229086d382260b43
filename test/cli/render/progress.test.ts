import { describe, expect, test } from 'vitest';
import { createProgress } from '../../../src/cli/render/progress.js';
import { recordingIo } from '../../support/io.js';
import { until } from '../../support/world.js';

/** A bar on a terminal, with a clock that stands still until it is moved. */
function barOf({ terminal = true, quiet = false } = {}) {
  const io = recordingIo({ terminal: terminal ? ['err'] : [] });
  let ms = 0;
  const progress = createProgress(io, { doing: 'dropping', quiet, now: () => ms });
  const pass = (more: number): void => {
    ms += more;
  };
  return { io, progress, pass };
}

describe('createProgress()', () => {
  test('shows the share, the rate and the time left on a terminal, and removes them at the end', async () => {
    const { io, progress, pass } = barOf();
    pass(999);
    progress.update(500, 2_000);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(io.stderr()).toBe('');
    pass(1_001);
    progress.update(1_000, 2_000);
    await until('the bar is there', () => io.stderr().includes('1000/2000'));
    expect(io.stderr()).toMatch(/dropping \[=+-+\] 50% 1000\/2000 \(500\/s, .+ left\)/);
    progress.end();
    expect(io.stderr().endsWith('\u001b[2K')).toBe(true);
  });

  test('shows the number and the rate where nobody knows how much there is', async () => {
    const { io, progress, pass } = barOf();
    pass(2_000);
    progress.update(300);
    await until('it is there', () => io.stderr().includes('dropping: 300 (150/s)'));
    progress.end();
  });

  test('clears its line, for another one to be written', async () => {
    const { io, progress, pass } = barOf();
    progress.clear();
    expect(io.stderr()).toBe('');
    pass(2_000);
    progress.update(300);
    await until('it is there', () => io.stderr().includes('dropping: 300'));
    progress.clear();
    expect(io.stderr().endsWith('\r\u001b[K')).toBe(true);
    progress.end();
    const ended = io.stderr();
    progress.clear();
    progress.end();
    expect(io.stderr()).toBe(ended);
  });

  test('writes nothing elsewhere, with --quiet, and once it has ended', async () => {
    const bars = [barOf({ terminal: false }), barOf({ quiet: true }), barOf()];
    for (const { progress, pass } of bars) {
      pass(5_000);
      progress.update(1, 2);
      progress.end();
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(bars.map(({ io }) => io.stderr())).toEqual(['', '', '']);
  });
});
