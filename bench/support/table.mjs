/** Results as text: a row as soon as it is there, in columns of fixed width. Pure. */

const columns = [
  { title: 'name', width: 24 },
  { title: 'on', width: 4 },
  { title: 'beside', width: 30 },
  { title: 'bar', width: 9 },
  { title: 'ratio', width: 8, right: true },
  { title: 'min..max of pairs', width: 17, right: true },
  { title: 'pairs', width: 5, right: true },
  { title: 'bar is', width: 7 },
  { title: 'median', width: 11, right: true },
  { title: 'beside it', width: 11, right: true },
];

/** The first lines of the table. */
export function renderTitles() {
  const rule = columns.map(({ width }) => '-'.repeat(width)).join('  ');
  return `${renderCells(columns.map(({ title }) => title))}\n${rule}`;
}

/** One result. Where nothing was measured, the reason stands in the place of numbers. */
export function renderRow(row) {
  const start = [row.name, row.on, row.beside, row.bar ?? ''];
  if (row.samples === undefined) return `${renderCells(start)}  ${row.verdict}`;
  const range = `${ratio(row.least)}..${ratio(row.most)}`;
  const values = [amount(row.ours, row.unit), amount(row.theirs, row.unit)];
  const text = renderCells([
    ...start,
    ratio(row.ratio),
    range,
    String(row.samples.ours.length),
    row.verdict,
    ...values,
  ]);
  return row.note === undefined ? text : `${text}  ${row.note}`;
}

function renderCells(cells) {
  return columns
    .slice(0, cells.length)
    .map(({ width, right }, n) => (right ? cells[n].padStart(width) : cells[n].padEnd(width)))
    .join('  ')
    .trimEnd();
}

function ratio(number) {
  return number.toFixed(Math.abs(number) < 10 ? 3 : 1);
}

function amount(number, unit) {
  const digits = Math.abs(number) < 10 ? 2 : Math.abs(number) < 1000 ? 1 : 0;
  const text = number.toFixed(digits).replace(/\B(?<!\.\d*)(?=(\d{3})+$)/g, ',');
  return unit.startsWith('/') ? `${text}${unit}` : `${text} ${unit}`;
}
