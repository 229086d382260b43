import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { runCommand } from '../support/io.js';
import { tempDir } from '../support/temp.js';
import { commandLinesIn } from './command-lines.js';
import { fencesOf, pageAt } from './markdown.js';

const readme = pageAt('README.md');

describe('the tour of README.md', () => {
  test('every line of it does what it shows', { timeout: 60_000 }, async () => {
    const tour = await createTour();
    const start = readme.text.indexOf('\n## A five-minute tour');
    const text = readme.text.slice(start, readme.text.indexOf('\n## ', start + 1));
    // The daemon needs what `npm run build` makes; the end-to-end tests have it.
    const blocks = fencesOf({ path: readme.path, text })
      .filter(({ mark, lines }) => mark === 'console' && !lines.includes('$ capnhook start'))
      .map(({ lines }) => lines);
    expect(blocks.length).toBe(2);
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
  let server = await listen(received, 0);
  const { port } = server.address() as AddressInfo;
  onTestFinished(() => close(server));

  function inShell(line: string): string {
    return execFileSync('sh', ['-c', line], { cwd: home, env, encoding: 'utf8' });
  }

  return {
    received,
    async turn(comment) {
      if (comment.endsWith('down')) await close(server);
      else server = await listen(received, port);
      return '';
    },
    async type(line) {
      if (!line.startsWith('capnhook ')) return inShell(line).trimEnd();
      const [words = []] = commandLinesIn(line.replace(':8080', `:${port}`));
      const args = words.map((word) => (word.endsWith('.json') ? join(home, word) : word));
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
