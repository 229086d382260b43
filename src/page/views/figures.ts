/** Numbers, times and small pictures. */
import type { QueuedByAge } from '../../usecases/inspect/status/status-data.js';
import { type Html, html, nothing } from './html.js';

/** A number with its thousands apart. */
export function number(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

/** `1 delivery`, `12 000 deliveries`. */
export function counted(value: number, one: string, many: string = `${one}s`): string {
  return `${number(value)} ${value === 1 ? one : many}`;
}

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
] as const;

/** A duration in whole units of the largest kind: `3d`, `59m`, `8s`. @param ms 0 or more */
function roughly(ms: number): string {
  for (const [unit, unitMs] of units) if (ms >= unitMs) return `${Math.floor(ms / unitMs)}${unit}`;
  return `${Math.max(Math.floor(ms / 1000), 0)}s`;
}

/** A time relative to now: `3d ago`, `in 40s`; the whole time when it is pointed at. @param now ms since the epoch */
export function when(time: string | undefined, now: number): Html {
  if (time === undefined) return html`<span class="dim">&ndash;</span>`;
  const ms = Date.parse(time) - now;
  const text = ms > 0 ? `in ${roughly(ms)}` : `${roughly(-ms)} ago`;
  return html`<time datetime="${time}" title="${time}">${text}</time>`;
}

/** When something is tried next: {@link when}, or `due`. @param now ms since the epoch */
export function due(time: string | undefined, now: number): Html {
  return time !== undefined && Date.parse(time) <= now ? html`due` : when(time, now);
}

/** A size in bytes: `512 B`, `4.2 MiB`. */
export function bytes(size: number): string {
  const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(Math.floor(Math.log2(Math.max(size, 1)) / 10), names.length - 1);
  const value = size / 1024 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${names[power]}`;
}

/** A percentage that is 0 and 100 only where it is exactly that. */
export function percent(part: number, whole: number): string {
  if (whole === 0) return '–';
  const share = (part / whole) * 100;
  if (part === 0 || part === whole) return `${share} %`;
  return share < 1 ? '< 1 %' : `${Math.min(Math.round(share), 99)} %`;
}

/** The names of the ages, the youngest first. */
const ageNames: readonly string[] = ['< 1 min', '< 5 min', '< 1 h', '< 1 d', 'older'];

/** How many are of each age. */
export function agesOf({ byAge }: QueuedByAge): readonly number[] {
  const { under1m, under5m, under1h, under1d, older } = byAge;
  return [under1m, under5m, under1h, under1d, older];
}

/** What the colours of {@link ageBar} mean. @param ages the numbers, where they are to be shown */
export function ageLegend(ages?: readonly number[]): Html {
  return html`<span class="legend">${ageNames.map((name, index) => html`<span class="key age${index}">${name}${ages === undefined ? nothing : `: ${number(ages[index] ?? 0)}`}</span>`)}</span>`;
}

/** How old what is queued is, as a bar. Widths are attributes: the content policy forbids styles. */
export function ageBar(ages: readonly number[]): Html {
  const total = ages.reduce((sum, each) => sum + each, 0);
  if (total === 0) return nothing;
  const label = ages.map((each, index) => `${ageNames[index]}: ${number(each)}`).join(', ');
  let from = 0;
  const parts = ages.map((each, index) => {
    const x = from;
    const width = (each / total) * 100;
    from += width;
    return each === 0
      ? nothing
      : html`<rect class="age${index}" x="${x.toFixed(2)}" y="0" width="${width.toFixed(2)}" height="8"/>`;
  });
  return html`<svg class="ages" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label="${label}"><title>${label}</title>${parts}</svg>`;
}

/** Attempts a minute as bars, the failed ones below in another colour. */
export function sparkline(counts: ReadonlyArray<{ attempts: number; failures: number }> = []): Html {
  const most = Math.max(...counts.map(({ attempts }) => attempts), 1);
  if (counts.every(({ attempts }) => attempts === 0)) return html`<span class="dim">no attempts</span>`;
  const bars = counts.map(({ attempts, failures }, index) => {
    if (attempts === 0) return nothing;
    const height = Math.max((attempts / most) * 20, 1);
    const failed = (failures / attempts) * height;
    return html`<rect class="good" x="${index * 2}" y="${(20 - height).toFixed(1)}" width="1.6" height="${(height - failed).toFixed(1)}"/>${failed > 0 ? html`<rect class="bad" x="${index * 2}" y="${(20 - failed).toFixed(1)}" width="1.6" height="${failed.toFixed(1)}"/>` : nothing}`;
  });
  const total = counts.reduce((sum, each) => sum + each.attempts, 0);
  const failures = counts.reduce((sum, each) => sum + each.failures, 0);
  const label = `${counted(total, 'attempt')} in the last hour, ${number(failures)} failed`;
  return html`<svg class="spark" viewBox="0 0 ${counts.length * 2} 20" preserveAspectRatio="none" role="img" aria-label="${label}"><title>${label}</title>${bars}</svg>`;
}
