import { describe, expect, it } from 'vitest';
import { watch } from '../../src/cli/watch.js';
import { recordingIo } from '../support/io.js';

const esc = '\u001b';

describe('watch()', () => {
  it('watch() draws over what was there, and leaves the last of it when it is interrupted', async () => {
    const io = recordingIo({ terminal: ['out'], size: { columns: 80, rows: 10 } });
    let looks = 0;
    const look = async () => {
      looks += 1;
      if (looks === 3) expect(io.signal('SIGINT')).toBe(true);
      return `look ${looks}\nand more\n`;
    };
    expect(await watch(io, { look, intervalMs: 1 })).toBe(130);
    expect(io.stdout().split(`${esc}[H`).slice(1)).toEqual([
      `look 1${esc}[K\nand more${esc}[K\n${esc}[J`,
      `look 2${esc}[K\nand more${esc}[K\n${esc}[J`,
      expect.stringMatching(/^look 3.*\nand more.*\n.*\nand more\n$/s),
    ]);
    expect(io.stdout()).toMatch(/^\S+\?1049h.*\?1049llook 3\nand more\n$/s);
    expect(io.signal('SIGINT')).toBe(false);
  });

  it('watch() cuts what is higher than the terminal, and says by how much', async () => {
    const io = recordingIo({ terminal: ['out'], size: { columns: 80, rows: 4 } });
    const look = async () => {
      io.signal('SIGTERM');
      return '1\n2\n3\n4\n5\n';
    };
    expect(await watch(io, { look })).toBe(143);
    expect(io.stdout()).toContain(`1${esc}[K\n2${esc}[K\n… 3 more lines${esc}[K\n`);
  });

  it('watch() in a pipe prints one after another, until nobody reads it', async () => {
    const io = recordingIo();
    let looks = 0;
    const printed: string[] = [];
    io.print = (text) => {
      printed.push(String(text));
      return printed.length < 3;
    };
    const look = async () => {
      looks += 1;
      return `{"version":1,"look":${looks}}\n`;
    };
    expect(await watch(io, { look, intervalMs: 1 })).toBe(0);
    expect(printed.join('')).toBe('{"version":1,"look":1}\n{"version":1,"look":2}\n{"version":1,"look":3}\n');
  });

  it('watch() leaves the terminal as it was when a look fails', async () => {
    const io = recordingIo({ terminal: ['out'] });
    const look = () => Promise.reject(new Error('no'));
    await expect(watch(io, { look })).rejects.toThrow('no');
    expect(io.stdout()).toMatch(/\?25h\S+\?1049l$/);
  });
});
