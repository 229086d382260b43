// A receiver for the demo: writes its URL into the file it is given, shows the
// first webhook that comes in, and ends. Nobody has to stop it.
import { renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [urlFile] = process.argv.slice(2);

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  response.writeHead(204, { connection: 'close' }).end();
  console.log(`  ${request.method} ${request.url}`);
  for (const name of ['webhook-id', 'webhook-timestamp', 'capnhook-hook'])
    console.log(`  ${name}: ${request.headers[name]}`);
  console.log(`\n  ${Buffer.concat(chunks)}`);
  server.close();
});

server.listen(0, '127.0.0.1', () => {
  // A rename, so that nobody reads half of it.
  writeFileSync(`${urlFile}.new`, `http://127.0.0.1:${server.address().port}/run`);
  renameSync(`${urlFile}.new`, urlFile);
});

setTimeout(() => {
  console.error('  nothing was received within 20 seconds');
  process.exit(1);
}, 20_000).unref();
process.on('SIGTERM', () => process.exit(1));
