import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type CommandSpec, commands } from '../../src/cli/command-table.js';
import { planFire } from '../../src/cli/commands/fire.js';
import { globalOptions } from '../../src/cli/options.js';
import { parseHooks } from '../../src/hooks/parse/parse-hooks.js';
import * as library from '../../src/index.js';
import { exitCodes } from '../../src/shared/exit-codes.js';
import { runCommand } from '../support/io.js';
import { tempDir } from '../support/temp.js';
import { repository } from '../support/world.js';
import { commandLinesIn } from './command-lines.js';
import { anchorsOf, fencesOf, internalLinks, type Page, proseOf, readPages } from './markdown.js';

const pages = readPages();
const fences = pages.flatMap(fencesOf);
const readme = pages.find(({ path }) => path === 'README.md') as Page;
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
    const fits = positionals.length >= needed && positionals.length <= spec.positionals.length;
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

  test('its table of exit codes has every one of exitCodes', () => {
    const section = readme.text.slice(readme.text.indexOf('\n## Exit codes'));
    const rows = [...section.slice(0, section.indexOf('\n## ', 1)).matchAll(/^\| ([\d, ]+) \|/gm)];
    const told = rows.flatMap(([, codes = '']) => codes.split(',').map(Number));
    expect(told).toEqual(Object.values(exitCodes));
  });

  test('its examples take only what src/index.ts exports', () => {
    const imports = readme.text.matchAll(/^(?:import|const) \{ ([^}]+) \} (?:from|=) .*['"]capnhook['"]/gm);
    const names = [...imports].flatMap(([, list = '']) => list.split(', '));
    expect(names).toContain('fire');
    expect(Object.keys(library)).toEqual(expect.arrayContaining(names));
  });
});

describe('README.md and docs/', () => {
  const all = pages.map(({ text }) => text).join('\n');

  test.each(commands)('name the command $name and every option of it', ({ name, options }) => {
    expect(all).toContain(`capnhook ${name}`);
    for (const option of Object.keys(options)) expect(all).toMatch(new RegExp(`--${option}\\b`));
  });

  test.each(Object.entries({ ...globalOptions, ...asked }))(
    'name the global option --%s',
    (name, { short }) => {
      expect(readme.text).toContain(`--${name}`);
      if (short !== undefined) expect(readme.text).toContain(`\`-${short}\``);
    },
  );

  test('show only command lines that capnhook would take', () => {
    const blocks = fences.flatMap(({ lines, page }) => lines.map((line) => ({ line, page, whole: true })));
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

describe('the tour of README.md', () => {
  test('every line of it does what it shows', { timeout: 60_000 }, async ({ skip }) => {
    skip(!hasJq(), 'there is no jq here');
    const tour = await createTour();
    const start = readme.text.indexOf('\n## A five-minute tour');
    const text = readme.text.slice(start, readme.text.indexOf('\n## ', start + 1));
    // The daemon needs what `npm run build` makes; the end-to-end tests have it.
    const blocks = fencesOf({ path: readme.path, text })
      .filter(({ mark, lines }) => mark === 'console' && !lines.includes('$ capnhook start'))
      .map(({ lines }) => lines);
    expect(blocks.length).toBeGreaterThan(4);
    for (const lines of blocks) {
      const done: string[] = [];
      for (const line of lines) {
        if (line.startsWith('# ')) done.push(line, await tour.turn(line));
        if (line.startsWith('$ ')) done.push(line, await tour.type(line.slice(2)));
      }
      expect(alike(done.filter((text) => text !== '').join('\n'))).toBe(alike(lines.join('\n')));
    }
    expect(tour.received).toEqual(['{"id":1234,"name":"Jed","status":"OK"}', '{"id":1235}']);
  });
});

interface Tour {
  /** Types a line at a terminal; resolves to what is printed, without the last line break. */
  type(line: string): Promise<string>;
  /** Ends or starts the receiver, as a comment says. */
  turn(comment: string): Promise<''>;
  received: string[];
}

/** Somebody at a terminal with an empty home, and the receiver of the tour, on another port. */
async function createTour(): Promise<Tour> {
  const home = join(tempDir(), 'home');
  mkdirSync(home);
  const received: string[] = [];
  const env = { HOME: home, PATH: process.env.PATH, NO_COLOR: '1' };
  let directory = home;
  let server = await listen(received, 0);
  const { port } = server.address() as AddressInfo;
  onTestFinished(() => close(server));

  function inShell(line: string): string {
    return execFileSync('sh', ['-c', line], { cwd: directory, env, encoding: 'utf8' });
  }

  return {
    received,
    async turn(comment) {
      if (comment.endsWith('down')) await close(server);
      else server = await listen(received, port);
      return '';
    },
    async type(line) {
      if (line.startsWith('cd ~/')) directory = join(home, line.slice('cd ~/'.length));
      if (!line.startsWith('capnhook ')) return inShell(line).trimEnd();
      const [words = []] = commandLinesIn(line.replace(':8080', `:${port}`));
      const args = words.map((word) => (word.endsWith('.json') ? resolve(directory, word) : word));
      const { code, stdout, stderr } = await runCommand(args, { env, terminal: ['in', 'out', 'err'] });
      return `${stdout}${stderr}${line.endsWith('; echo $?') ? `${code}\n` : ''}`.trimEnd();
    },
  };
}

async function listen(received: string[], port: number): Promise<Server> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    received.push(Buffer.concat(chunks).toString());
    response.writeHead(204).end();
  });
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  return server;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
}

/** What is another one each time, made the same. */
function alike(text: string): string {
  return text
    .replaceAll(/evt_[0-9A-Z]{26}/g, 'evt_ID')
    .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT')
    .replaceAll(/~[0-9a-f]{12}/g, '~HASH')
    .replaceAll(/in \d+s/g, 'in 5s')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME');
}

function hasJq(): boolean {
  try {
    execFileSync('sh', ['-c', 'command -v jq']);
    return true;
  } catch {
    return false;
  }
}
