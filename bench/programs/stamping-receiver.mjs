// A receiver that notes when each payload came, by the clock that all processes
// of the machine share, and answers 204 after so many ms. Over IPC it tells its
// port, then, when asked to `report`, what has come since it was asked last:
// { numbers, times }.
//   node stamping-receiver.mjs DELAY_MS
import { createServer } from 'node:http';
import { numberOf } from '../support/events.mjs';
import { nowMs } from '../support/process.mjs';

const delayMs = Number(process.argv[2] ?? 0);
let numbers = [];
let times = [];

const server = createServer((request, response) => {
  let text = '';
  request.setEncoding('latin1').on('data', (part) => {
    text += part;
  });
  request.on('end', () => {
    times.push(nowMs());
    numbers.push(numberOf(text));
    const answer = () => response.writeHead(204).end();
    if (delayMs === 0) answer();
    else setTimeout(answer, delayMs);
  });
});
server.keepAliveTimeout = 3_600_000;
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));

process.on('message', () => {
  process.send({ numbers, times });
  numbers = [];
  times = [];
});
process.on('disconnect', () => process.exit());
