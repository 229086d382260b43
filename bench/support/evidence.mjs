/** What a spool holds beside its queue, made directly in its layout (docs/spool-format.md): dead deliveries, and a journal. */
import { hash } from 'node:crypto';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';

const linesPerWrite = 4_096;

/** Makes so many dead deliveries of one endpoint, each with its reason. @returns {Promise<string>} the id of the last */
export async function buryDeliveries({ spool, endpoint, count, nextId }) {
  const directory = `${spool}/dead/${endpoint}`;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const time = new Date().toISOString();
  const why = `${JSON.stringify({ reason: 'gave-up', message: 'last answer: 503', attempts: 9, time })}\n`;
  let id;
  for (let n = 0; n < count; n += 1) {
    id = nextId();
    const text = `{"capnhook":1,"id":"${id}","hook":"complete","time":"${time}",\n"payload":{"n":${n}}\n}\n`;
    writeFileSync(`${directory}/${id}.json`, text, { mode: 0o600 });
    writeFileSync(`${directory}/${id}.why.json`, why, { mode: 0o600 });
    if (n % 1_024 === 0) await setImmediate(); // lets a signal in
  }
  return id;
}

/** Writes so many lines of today's journal, of which every third is a failed attempt. */
export async function writeJournal({ spool, endpoint, count, nextId }) {
  mkdirSync(`${spool}/journal`, { recursive: true, mode: 0o700 });
  const time = new Date().toISOString();
  const path = `${spool}/journal/${time.slice(0, 'YYYY-MM-DD'.length)}.jsonl`;
  for (let n = 0; n < count; n += linesPerWrite) {
    const length = Math.min(linesPerWrite, count - n);
    const lines = Array.from({ length }, (_, line) =>
      journalLine({ time, endpoint, event: nextId(), n: line }),
    );
    appendFileSync(path, lines.join(''), { mode: 0o600 });
    await setImmediate(); // lets a signal in
  }
}

function journalLine({ time, endpoint, event, n }) {
  const outcome =
    n % 3 === 0 ? { what: 'rejected', status: 400, answer: 'no_text' } : { what: 'delivered', status: 204 };
  const { what, ...answer } = outcome;
  const entry = { time, what, event, hook: 'complete', endpoint, attempt: 1, ...answer, ms: 12 };
  const open = JSON.stringify(entry).slice(0, -1);
  return `${open},"sum":"${hash('sha256', open).slice(0, 16)}"}\n`;
}
