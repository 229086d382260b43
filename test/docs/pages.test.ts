import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { CommandSpec } from '../../src/cli/command-spec.js';
import { commands } from '../../src/cli/command-table.js';
import { planFire } from '../../src/cli/commands/fire.js';
import { globalOptions } from '../../src/cli/options.js';
import { createSignature, parseSigningKey } from '../../src/delivery/request/sign.js';
import { parseHooks } from '../../src/hooks/parse/parse-hooks.js';
import * as library from '../../src/index.js';
import { exitCodes } from '../../src/shared/exit-codes.js';
import { repository } from '../support/world.js';
import { commandLinesIn } from './command-lines.js';
import { anchorsOf, fencesOf, internalLinks, type Page, pageAt, proseOf, readPages } from './markdown.js';

const pages = readPages();
const fences = pages.flatMap(fencesOf);
const readme = pageAt('README.md');
const commandsPage = pageAt('docs/commands.md');
const asked = { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'V' } } as const;

/** A command line as its command would take it. @throws what is wrong with it */
function parseCommandLine([name = '', ...args]: readonly string[]): {
  spec: CommandSpec;
  values: Values;
  positionals: string[];
} {
  const spec = commands.find((command) => command.name === name);
  if (spec === undefined) throw new Error(`there is no command ${name}`);
  const options = { ...globalOptions, ...spec.options, ...asked };
  return { spec, ...parseArgs({ args, options, allowPositionals: true }) };
}

type Values = Record<string, unknown>;

/** Why a command line would be refused, or undefined. */
function whyRefused(words: readonly string[], { whole }: { whole: boolean }): string | undefined {
  if (words.length === 0 || words[0]?.startsWith('-') || words[0] === 'help') return undefined;
  try {
    const { spec, values, positionals } = parseCommandLine(words);
    if (!whole || values.help === true) return undefined;
    if (spec.name === 'fire') planFire({ positionals, ...values });
    const needed = spec.positionals.filter(([notation]) => notation.startsWith('<')).length;
    const most = spec.positionals.at(-1)?.[0].includes('...') ? Infinity : spec.positionals.length;
    const fits = positionals.length >= needed && positionals.length <= most;
    return fits ? undefined : `${positionals.length} arguments`;
  } catch (error) {
    return (error as Error).message;
  }
}

describe('README.md', () => {
  test('its first two sh blocks are one command each: the demo and the tests', () => {
    const [demo, tests] = fencesOf(readme).filter(({ mark }) => mark === 'sh');
    expect(demo?.lines).toEqual(['npm ci && npm run demo']);
    expect(tests?.lines).toEqual(['npm test']);
  });
});

describe('docs/commands.md', () => {
  test('its table of exit codes has every one of exitCodes', () => {
    const section = commandsPage.text.slice(commandsPage.text.indexOf('\n## Exit codes'));
    const rows = [...section.matchAll(/^\| ([\d, ]+) \|/gm)];
    const shown = rows.flatMap(([, codes = '']) => codes.split(',').map(Number));
    expect(shown).toEqual(Object.values(exitCodes));
  });

  test.each(commands)('has examples of $name, with each of its options', ({ name, options }) => {
    expect(commandsPage.text).toContain(`capnhook ${name}`);
    for (const option of Object.keys(options))
      expect(commandsPage.text).toMatch(new RegExp(`--${option}\\b`));
  });

  test.each(Object.entries({ ...globalOptions, ...asked }))(
    'names the global option --%s',
    (name, { short }) => {
      expect(commandsPage.text).toContain(`--${name}`);
      if (short !== undefined) expect(commandsPage.text).toContain(`\`-${short}\``);
    },
  );
});

describe('docs/library.md', () => {
  const { text } = pageAt('docs/library.md');

  test('its examples take only what src/index.ts exports', () => {
    const imports = text.matchAll(/^(?:import|const) \{ ([^}]+) \} (?:from|=) .*['"]capnhook['"]/gm);
    const names = [...imports].flatMap(([, list = '']) => list.split(', '));
    expect(names).toContain('fire');
    expect(Object.keys(library)).toEqual(expect.arrayContaining(names));
  });

  test('names every function of src/index.ts that is a command of its own or part of one', () => {
    for (const name of [
      'fireBatch',
      'init',
      'exportEvents',
      'importEvents',
      'retryUnclaimed',
      'replay',
      'retry',
      'drop',
      'pause',
      'resume',
    ]) {
      expect(library).toHaveProperty(name);
      expect(text).toContain(`\`${name}(`);
    }
  });
});

describe('docs/receivers.md', () => {
  const { text } = pageAt('docs/receivers.md');

  test('its table of headers has each header of the request that it shows', () => {
    const [request] = fencesOf({ path: 'docs/receivers.md', text }).filter(({ mark }) => mark === 'http');
    const names = (request?.lines ?? []).flatMap((line) => /^([a-z-]+): /.exec(line)?.[1] ?? []);
    const own = names.filter((name) => !['host', 'content-length'].includes(name));
    expect(own.length).toBeGreaterThan(5);
    for (const name of own) expect(text).toContain(`| \`${name}\` |`);
  });

  test('its Python accepts what createSignature() makes, and refuses another body', ({ skip }) => {
    skip(!has('python3'), 'there is no python3 here');
    const [code] = fencesOf({ path: 'docs/receivers.md', text }).filter(({ mark }) => mark === 'python');
    const secret = `whsec_${Buffer.from('a secret of the receivers page').toString('base64')}`;
    const at = Math.floor(Date.now() / 1000);
    const parsed = parseSigningKey(secret);
    if (!parsed.ok) throw new Error(parsed.reason);
    const headers = {
      'webhook-id': 'evt_1',
      'webhook-timestamp': `${at}`,
      'webhook-signature': createSignature([parsed.key], {
        id: 'evt_1',
        timestamp: at,
        body: Buffer.from('{"id":1234}'),
      }),
    };
    const check = `${code?.lines.join('\n')}\nimport json, sys\nh = json.loads(sys.argv[2])\nprint(is_signed(sys.argv[1], h, b'{"id":1234}'), is_signed(sys.argv[1], h, b'{"id":1235}'))`;
    const printed = execFileSync('python3', ['-c', check, secret, JSON.stringify(headers)], {
      encoding: 'utf8',
    });
    expect(printed).toBe('True False\n');
  });
});

describe('docs/architecture.md', () => {
  const { text } = pageAt('docs/architecture.md');
  const files = readdirSync(join(repository, 'src'), { recursive: true, encoding: 'utf8' });
  const names = new Set(files.map((path) => basename(path)));

  test('names only files that are there', () => {
    const spans = [...text.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);
    const paths = spans.filter((span) => /^(src|test|bin|shell|scripts)\/[\w./-]+$/.test(span));
    const bare = spans.filter((span) => /^[\w-]+\.ts$/.test(span));
    expect(paths.length).toBeGreaterThan(20);
    expect(paths.filter((path) => !existsSync(join(repository, path)))).toEqual([]);
    expect(bare.filter((name) => !names.has(name))).toEqual([]);
  });

  test.each(['', 'spool/file', 'delivery', 'hooks', 'usecases/drain'])(
    'has words for each room of src/%s',
    (house) => {
      const entries = readdirSync(join(repository, 'src', house), { withFileTypes: true });
      for (const { name } of entries.filter((entry) => entry.isDirectory())) {
        expect(text.includes(`**\`${name}\`**`) || text.includes(`/${name}/`)).toBe(true);
      }
    },
  );
});

describe('docs/decisions.md', () => {
  const { text } = pageAt('docs/decisions.md');
  const headings = [...text.matchAll(/^### (.+)$/gm)].map(([, heading = '']) => heading);
  const numbers = headings.map((heading) => Number(/^(\d+) · /.exec(heading)?.[1]));

  test('gives each decision a number of its own', () => {
    expect(numbers.length).toBeGreaterThan(90);
    expect(numbers.filter(Number.isNaN)).toEqual([]);
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  test('marks a decision as superseded only by one that is there', () => {
    const later = headings.flatMap((heading) => /superseded by (\d+)$/.exec(heading)?.[1] ?? []).map(Number);
    expect(numbers).toEqual(expect.arrayContaining(later));
  });
});

describe('README.md and docs/', () => {
  test('show only command lines that capnhook would take', () => {
    const blocks = fences.flatMap(({ lines, page, mark }) =>
      // What a transcript prints is no command line, even where it names one.
      lines
        .filter((line) => mark !== 'console' || line.startsWith('$ '))
        .map((line) => ({ line, page, whole: true })),
    );
    const spans = pages.flatMap((page) =>
      [...proseOf(page).matchAll(/`[^`\n]+`/g)].map(([line]) => ({ line, page: page.path, whole: false })),
    );
    const shown = [...blocks, ...spans].flatMap(({ line, page, whole }) =>
      commandLinesIn(line).map((words) => ({ page, words, refused: whyRefused(words, { whole }) })),
    );
    expect(shown.length).toBeGreaterThan(50);
    expect(shown.filter(({ refused }) => refused !== undefined)).toEqual([]);
  });

  test('link only to pages and headings that are there', () => {
    const broken = pages.flatMap((page) =>
      internalLinks(page).filter((link) => {
        const [file = '', anchor] = link.split('#');
        const path = file === '' ? page.path : join(dirname(page.path), file);
        if (!existsSync(join(repository, path))) return true;
        const target = pages.find((each) => each.path === path);
        return anchor !== undefined && !anchorsOf(target as Page).includes(anchor);
      }),
    );
    expect(broken).toEqual([]);
  });

  test('show only hooks files that are valid', () => {
    const hooksFiles = fences
      .filter(
        ({ mark, lines }) =>
          mark === 'yaml' && lines.some((line) => /^(hooks|endpoints|defaults):/.test(line)),
      )
      .map(({ lines }) => lines.join('\n'));
    expect(hooksFiles.length).toBeGreaterThan(1);
    for (const text of hooksFiles) expect(parseHooks(text)).toMatchObject({ ok: true });
  });
});

function has(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`]);
    return true;
  } catch {
    return false;
  }
}
