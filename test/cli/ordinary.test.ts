/** Both ways that a command line is read, util.parseArgs and commander, have to agree. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commands } from '../../src/cli/command-table.js';
import { guarded } from '../../src/cli/guarded.js';
import {
  drainOptions,
  fireOptions,
  globalOptions,
  globalsFrom,
  type OptionSpecs,
  takesOneValue,
} from '../../src/cli/options.js';
import { parseOrdinary } from '../../src/cli/ordinary.js';
import { runProgram } from '../../src/cli/program.js';
import { recordingIo } from '../support/io.js';

type Command = 'fire' | 'drain';

interface Parsed {
  positionals: readonly string[];
  globals: unknown;
  [option: string]: unknown;
}

const ownOptions: Record<Command, OptionSpecs> = { fire: fireOptions, drain: drainOptions };

function fast(argv: readonly string[], command: Command = 'fire'): Parsed | undefined {
  const parsed = parseOrdinary(command, argv);
  if (parsed === undefined) return undefined;
  const { values, positionals } = parsed;
  return { ...own(values, command), positionals, globals: globalsFrom(values, {}) };
}

/** What commander hands to the command, or the exit code where it hands over nothing. */
async function slow(argv: readonly string[], command: Command = 'fire'): Promise<Parsed | number> {
  const spec = commands.find(({ name }) => name === command)!;
  const run = spec.run;
  let seen: Parsed | undefined;
  spec.run = async ({ positionals, options, globals }) => {
    seen = { ...own(options, command), positionals, globals };
    return 0;
  };
  try {
    const io = recordingIo();
    const code = await guarded(() => runProgram(argv, io), io, { json: false });
    return seen ?? code;
  } finally {
    spec.run = run;
  }
}

function own(values: Readonly<Record<string, unknown>>, command: Command): Record<string, unknown> {
  return Object.fromEntries(Object.keys(ownOptions[command]).map((name) => [name, values[name]]));
}

/** Each option in every form and at every place, and whether the fast lane takes it; what it leaves, commander refuses. */
const everyForm = (command: Command): Array<[argv: string[], isTaken: boolean]> =>
  Object.entries({
    ...globalOptions,
    ...ownOptions[command],
  }).flatMap(([name, spec]) => {
    const { type, short } = spec;
    const words = command === 'fire' ? ['complete', 'p.json'] : [];
    const values = type === 'boolean' ? [] : ['x', '{"a": [1]}', command, 'a=b'];
    const forms =
      type === 'boolean'
        ? [[`--${name}`], ...(short === undefined ? [] : [[`-${short}`]])]
        : [
            ...values.flatMap((value) => [[`--${name}`, value], [`--${name}=${value}`]]),
            [`--${name}=`],
            [`--${name}=-5`],
            [`--${name}`, '-'],
            ...(short === undefined
              ? []
              : values.flatMap((value) => [[`-${short}`, value], [`-${short}${value}`]])),
            ...(short === undefined
              ? []
              : [[`-${short}-5`], [`-q${short}x`], [`-vq${short}`, 'x'], [`-${short}=x`]]),
          ];
    const everywhere = forms.flatMap(
      (form): Array<[string[], boolean]> => [
        [[command, ...form], true],
        [[command, ...form, ...words], true],
        [[command, ...words.slice(0, 1), ...form, ...words.slice(1)], true],
        [[command, ...words, ...form], true],
        // A value of the command's own is given once: the first one would be lost.
        [[command, ...words.slice(0, 1), ...form, ...form], name in globalOptions || !takesOneValue(spec)],
        [[command, ...form, '--', ...(command === 'fire' ? ['-x', '--data'] : [])], true],
        // A command's own options come behind it.
        [[...form, command, ...words], name in globalOptions],
        [[...form, '--json', command, ...words], name in globalOptions],
      ],
    );
    const wrong = [
      ...(type === 'boolean' ? [`--${name}=true`, `--${name}=`] : [`--${name}`]),
      ...(name.startsWith('no-') ? [`--${name.slice(3)}`, `--no-${name}`] : [`--no-${name}`]),
      `--${name}s`,
      `--${name.toUpperCase()}`,
      `--${name.slice(0, -1)}`,
    ];
    return [
      ...everywhere,
      ...wrong.map((word): [string[], boolean] => [[command, ...words.slice(0, 1), word], false]),
    ];
  });

describe('parseOrdinary()', () => {
  it.each<[string[], Partial<Parsed> | undefined]>([
    [['fire', 'complete', 'p.json'], { positionals: ['complete', 'p.json'] }],
    [['fire', 'complete', '-'], { positionals: ['complete', '-'] }],
    [['fire', 'complete', '-d', '{"a":1}'], { data: '{"a":1}' }],
    [['fire', 'complete', '-d{"a":1}'], { data: '{"a":1}' }],
    [['fire', 'complete', '-d=1'], { data: '=1' }],
    [['fire', 'complete', '--data=1'], { data: '1' }],
    [['fire', 'complete', '--data', '1'], { data: '1' }],
    [['fire', 'complete', '--data='], { data: '' }],
    [['fire', 'complete', '--data=-5'], { data: '-5' }],
    [['fire', 'complete', '-d-5'], { data: '-5' }],
    [['fire', 'complete', '-d1', '--print-id'], { 'print-id': true }],
    [['fire', '--to', 'http://a/', '--to=http://b/', '-d1'], { to: ['http://a/', 'http://b/'] }],
    [['fire', '--to', '-', '-d1'], { to: ['-'] }],
    [['fire', '--', '-x', '--data'], { positionals: ['-x', '--data'] }],
    [['fire', 'complete', '--', '-'], { positionals: ['complete', '-'] }],
    [['--', 'fire', 'complete', '-'], { positionals: ['complete', '-'] }],
    [['-q', 'fire', 'complete', '-v', '-d1'], { data: '1' }],
    [['--spool', '/s', 'fire', 'complete', '-c', '/c', '-d1'], { data: '1' }],
    [['-c', 'fire', 'fire', 'fire', '-d1'], { positionals: ['fire'] }],
    [['fire', 'complete', '-qd', '1'], { data: '1' }],
    [['fire', 'complete', '-qvd1'], { data: '1' }],
    [['fire', 'complete', '-qcfile', '-d1'], { data: '1' }],
    [['fire', 'complete', '--no-color', '--json', '--show-urls', '-d1'], { data: '1' }],
    [['fire', '--ndjson', '-', 'complete', '--id', 'x'], { ndjson: '-', id: 'x' }],
    [['fire', 'a', 'b', '-c', '-'], { positionals: ['a', 'b'] }],
    [['fire'], { positionals: [] }],
    // Left to commander:
    [['fire', 'complete', '-d', '-5'], undefined],
    [['fire', 'complete', '--data', '--json'], undefined],
    [['fire', 'complete', '-d', '1', '-d', '2'], undefined],
    [['fire', 'complete', '-d1', '--data=1'], undefined],
    [['fire', 'complete', '-d1', '--id', 'a', '--id', 'b'], undefined],
    [['-d', '1', 'fire', 'complete'], undefined],
    [['--to', 'http://a/', 'fire', '-d1'], undefined],
    [['fire', 'complete', '--dta', '1'], undefined],
    [['fire', 'complete', '-x'], undefined],
    [['fire', '--help'], undefined],
    [['fire', '-h'], undefined],
    [['fire', '-V'], undefined],
    [['fire', '--json=true'], undefined],
    [['fire', '--data'], undefined],
    [['drain'], undefined],
    [['drain', 'fire'], undefined],
    [['help', 'fire'], undefined],
    [['-c', 'fire'], undefined],
    [[], undefined],
  ])('parseOrdinary() of %j', async (argv, expected) => {
    const parsed = fast(argv);
    if (expected === undefined) return expect(parsed).toBeUndefined();
    expect(parsed).toMatchObject(expected);
    expect(await slow(argv)).toEqual(parsed);
  });

  it.each<[string[], string[] | undefined, number | undefined]>([
    [['run', 'a', '--', 'b', '-c', '--', 'd'], ['a', 'b', '-c', '--', 'd'], 1],
    [['-q', 'run', '--started', 'a', '--tail', '4k', '--', 'b'], ['a', 'b'], 1],
    [['run', '--', 'a', 'b'], ['a', 'b'], 0],
    [['--', 'run', 'a', 'b'], ['a', 'b'], 0],
    [['run', 'a', 'b'], ['a', 'b'], undefined],
    [['run', 'a', '--nope', '--', 'b'], undefined, undefined],
    [['run', '--help'], undefined, undefined],
  ])('parseOrdinary() of %j says what stands before --', (argv, positionals, beforeEnd) => {
    const parsed = parseOrdinary('run', argv);
    expect(parsed?.positionals).toEqual(positionals);
    expect(parsed?.beforeEnd).toBe(beforeEnd);
  });

  it('what it leaves to commander still works there', async () => {
    expect(await slow(['fire', 'complete', '-d', '-5'])).toMatchObject({
      positionals: ['complete'],
      data: '-5',
    });
    expect(await slow(['fire', 'complete', '-x'])).toBe(64);
    expect(await slow(['-d', '1', 'fire', 'complete'])).toBe(64);
    expect(await slow(['fire', '--json=true'])).toBe(64);
    expect(await slow(['fire', 'complete', '-d', '1', '-d', '2'])).toBe(64);
  });

  describe.each<Command>(['fire', 'drain'])('of %s', (command) => {
    it.each(everyForm(command))('it and commander agree on %j', async (argv, isTaken) => {
      const parsed = fast(argv, command);
      expect(parsed !== undefined).toBe(isTaken);
      if (parsed !== undefined) expect(await slow(argv, command)).toEqual(parsed);
      else expect(await slow(argv, command)).toBe(64);
    });
  });

  it.each([
    [['drain', '--help']],
    [['drain', '-h']],
    [['help', 'drain']],
    [['fire', 'drain']],
    [['-c', 'drain']],
  ])('it leaves %j to commander', (argv) => expect(fast(argv, 'drain')).toBeUndefined());

  it('it and commander agree wherever it takes the arguments', async () => {
    const word = fc.constantFrom(
      ...[
        'fire',
        'complete',
        '-',
        '--',
        '-d',
        '-d1',
        '-d=',
        '-dq',
        '--data',
        '--data=x',
        '--data=',
        '1',
        '-5',
        '{}',
        '',
      ],
      ...[
        '--to',
        '--to=http://a/',
        'http://b/',
        '--ndjson',
        '--ndjson=-',
        '--id',
        '--id=x',
        '--id=-q',
        'p.json',
      ],
      ...[
        '-q',
        '-v',
        '-qv',
        '-vq',
        '-qd',
        '-vd1',
        '-qcfile',
        '-c',
        '-cfile',
        '--config',
        '--config=c',
        '--spool',
        '--spool=s',
      ],
      ...[
        '--json',
        '--no-color',
        '--color',
        '--show-urls',
        '--quiet',
        '--verbose',
        '-h',
        '-V',
        '--help',
        '-x',
        '--nope',
        'help',
        'drain',
      ],
    );
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(word, { maxLength: 7 }),
        fc.integer({ min: 0, max: 7 }),
        async (words, at) => {
          const argv = [...words.slice(0, at), 'fire', ...words.slice(at)];
          const parsed = fast(argv);
          if (parsed === undefined) return;
          taken += 1;
          const other = await slow(argv);
          // Too many arguments: both refuse, the fast lane a moment later.
          if (parsed.positionals.length > 2) expect([64, parsed]).toContainEqual(other);
          else expect(other).toEqual(parsed);
        },
      ),
      { numRuns: 4_000 },
    );
    expect(taken).toBeGreaterThan(200);
  });
});
