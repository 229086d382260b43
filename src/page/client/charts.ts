/** Draws the charts. Their numbers stand in `data-series`, as the server's view writes them. */
import uPlot from 'uplot';
import type { ChartSeries } from '../chart-series.js';

const heightPx = 180;

/** Draws every chart that is not drawn yet. */
export function drawCharts(root: ParentNode): void {
  for (const place of placesOf(root)) if (place.childElementCount === 0) draw(place);
}

/** Draws all charts again, in the colours and at the width that hold now. */
export function redrawCharts(root: ParentNode): void {
  for (const place of placesOf(root)) place.replaceChildren();
  drawCharts(root);
}

function placesOf(root: ParentNode): Iterable<HTMLElement> {
  return root.querySelectorAll<HTMLElement>('[data-chart]');
}

function draw(place: HTMLElement): void {
  const series = JSON.parse(place.dataset.series ?? '{}') as ChartSeries;
  const colour = (name: string): string => getComputedStyle(place).getPropertyValue(name).trim();
  const { data, lines, unit } =
    place.dataset.chart === 'attempts' ? attemptsOf(series, colour) : durationsOf(series, colour);
  const axis: uPlot.Axis = {
    stroke: colour('--dim'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { stroke: colour('--line'), width: 1 },
  };
  const options: uPlot.Options = {
    width: Math.max(place.clientWidth, 200),
    height: heightPx,
    cursor: { show: false },
    legend: { show: false },
    axes: [
      { ...axis, size: 32, values: (_, times) => times.map(clockTime) },
      { ...axis, size: 64, incrs: steps, values: (_, values) => values.map((value) => `${value}${unit}`) },
    ],
    scales: {
      x: { range: (_, first, last) => [first - 30, last + 30] },
      y: { range: (_, __, most) => [0, Math.max(most * 1.1, 4)] },
    },
    series: [{}, ...lines],
  };
  new uPlot(options, data, place);
}

/** Distances of lines on the vertical axis. */
const steps = [1, 2, 5]
  .flatMap((digit) => [0, 1, 2, 3, 4, 5].map((zeros) => digit * 10 ** zeros))
  .sort((a, b) => a - b);

interface Drawing {
  data: uPlot.AlignedData;
  lines: uPlot.Series[];
  unit: string;
}

/** The failed ones stand before all. */
function attemptsOf({ at, delivered, failed }: ChartSeries, colour: (name: string) => string): Drawing {
  const all = delivered.map((each, index) => each + (failed[index] ?? 0));
  const paths = uPlot.paths.bars?.({ size: [0.7, 24] });
  const bar = (name: string): uPlot.Series => ({
    fill: colour(name),
    stroke: colour(name),
    width: 0,
    paths,
    points: { show: false },
  });
  return { data: [at, all, failed], lines: [bar('--well'), bar('--trouble')], unit: '' };
}

function durationsOf({ at, medianMs, p95Ms }: ChartSeries, colour: (name: string) => string): Drawing {
  const line = (name: string): uPlot.Series => ({
    stroke: colour(name),
    width: 2,
    spanGaps: true,
    points: { show: true, size: 5, fill: colour(name) },
  });
  return { data: [at, p95Ms, medianMs], lines: [line('--age3'), line('--age0')], unit: ' ms' };
}

/** `12:05`, in this browser's time zone. @param seconds since the epoch */
function clockTime(seconds: number): string {
  const time = new Date(seconds * 1000);
  return [time.getHours(), time.getMinutes()].map((part) => String(part).padStart(2, '0')).join(':');
}
