// Measures capnhook beside what people would use instead, and prints a table
// of ratios; docs/performance.md explains each line.
//   node bench/run.mjs [NAME…] [--json FILE] [--quick | --long] [--list]
import { existsSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { lines } from './lines/index.mjs';
import { isStale, library } from './support/capnhook.mjs';
import { makeDisks } from './support/disk.mjs';
import { describeMachine, renderMachine } from './support/machine.mjs';
import { measureLine } from './support/measure.mjs';
import { installPeers } from './support/peers.mjs';
import { createScope } from './support/scope.mjs';
import { renderRow, renderTitles } from './support/table.mjs';

const diskMegabytes = 3072;

const { values, positionals } = readArguments();

if (values.list)
  console.log(lines.map(({ name, beside }) => `${name.padEnd(22)} beside ${beside}`).join('\n'));
else if (!existsSync(library)) usage('there is no dist/: npm run build');
else await main(chosen(positionals));

function readArguments() {
  const options = {
    json: { type: 'string' },
    ...Object.fromEntries(
      ['quick', 'long', 'list'].map((name) => [name, { type: 'boolean', default: false }]),
    ),
  };
  try {
    return parseArgs({ allowPositionals: true, options });
  } catch ({ message }) {
    return usage(
      `${message.split('. ')[0]}; run it as: npm run bench -- [NAME...] [--json FILE] [--quick | --long] [--list]`,
    );
  }
}

/** The lines of those names, in the order of the table; all if none is named. */
function chosen(names) {
  const unknown = names.filter((name) => !lines.some((line) => line.name === name));
  if (unknown.length > 0) usage(`no such line: ${unknown.join(', ')}; --list tells them all`);
  return names.length === 0 ? lines : lines.filter(({ name }) => names.includes(name));
}

function usage(words) {
  console.error(`bench: ${words}`);
  process.exit(64);
}

async function main(wanted) {
  const root = createScope();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, async () => {
      await root.close();
      process.exit(130);
    });
  }
  if (isStale()) console.error('bench: src/ is newer than dist/, which is what is measured: npm run build');
  const startedAt = new Date();
  installPeers();
  try {
    const disks = makeDisks(root, diskMegabytes);
    const machine = describeMachine(disks);
    console.log(`${renderMachine(machine)}\n\n${renderTitles()}`);
    const rows = await measureAll(wanted, { root, disks });
    const minutes = (Date.now() - startedAt.getTime()) / 60_000;
    console.log(`\n${rows.length} rows in ${minutes.toFixed(1)} minutes`);
    if (values.json)
      writeFileSync(values.json, `${JSON.stringify({ startedAt, minutes, machine, rows }, null, 1)}\n`);
  } finally {
    await root.close();
  }
}

async function measureAll(wanted, { root, disks }) {
  const size = values.quick ? 'quick' : values.long ? 'long' : 'full';
  const rows = [];
  for (const line of wanted) {
    const places = line.isAlsoInMemory && disks.memory ? [disks.disk, disks.memory] : [disks.disk];
    for (const place of places) {
      const measured = await measureLine(line, { root, place, size });
      for (const row of measured) console.log(renderRow(row));
      rows.push(...measured);
    }
  }
  return rows;
}
