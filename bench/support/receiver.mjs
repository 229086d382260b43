/**
 * The receiver: nginx with one worker that answers 204, on a private port of
 * 127.0.0.1, in a directory of its own. Its own counter tells what it has got.
 */

import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { createServer } from 'node:net';
import { findCommand } from './commands.mjs';
import { hasEnded, startProcess, until } from './process.mjs';

/** A port that nobody listens on. */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * Starts nginx.
 * @returns its `url(path)`, `origin`, and `received()`: how many requests it has got
 */
export async function startReceiver(bench) {
  const port = await freePort();
  const directory = `${bench.directory}/nginx`;
  mkdirSync(`${directory}/temp`, { recursive: true });
  writeFileSync(`${directory}/nginx.conf`, configuration({ directory, port }));
  const nginx = startProcess(bench, [findCommand('nginx'), '-p', directory, '-c', `${directory}/nginx.conf`]);
  const origin = `http://127.0.0.1:${port}`;
  const received = createCounter(`${origin}/status`);
  await until(
    async () => {
      if (hasEnded(nginx)) throw new Error(`nginx has ended: ${nginx.said()}`);
      return (await received().catch(() => -1)) >= 0;
    },
    { what: 'nginx', timeoutMs: 10_000 },
  );
  return { origin, url: (path = '/in') => `${origin}${path}`, received };
}

function configuration({ directory, port }) {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
error_log ${directory}/error.log crit;
pid ${directory}/nginx.pid;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  ${temporary.map((name) => `${name}_temp_path ${directory}/temp;`).join('\n  ')}
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location = /status { stub_status; }
    location / { return 204; }
  }
}
`;
}

/** Asks nginx how many requests it has got, without those that ask. */
function createCounter(url) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let asked = 0;
  return async () => {
    const request = get(url, { agent });
    const [response] = await once(request, 'response');
    asked += 1;
    let text = '';
    for await (const part of response.setEncoding('utf8')) text += part;
    return Number(text.match(/\d+ \d+ (\d+)/)[1]) - asked;
  };
}
