/**
 * The one line of a monitoring plugin, with its figures.
 * @see https://www.monitoring-plugins.org/doc/guidelines.html
 */
import {
  type Check,
  type CheckLevel,
  checkLevels,
  type Metric,
} from '../../usecases/inspect/status/check.js';
import { safe } from './text.js';

/** Number of findings that are told. */
const most = 5;

/** Renders the line, with its line break. */
export function renderCheck({ level, findings, metrics }: Check): string {
  const told = findings.slice(0, most).map(({ message }) => message);
  if (findings.length > most) told.push(`${findings.length - most} more`);
  const words = told.length === 0 ? 'all is well' : told.join('; ');
  return `${checkLine(level, words)} | ${metrics.map(renderMetric).join(' ')}\n`;
}

/** The line for a check that could not be made, with its line break. */
export function renderUnknown(message: string): string {
  return `${checkLine('unknown', message)}\n`;
}

/** The exit code of a level: 0, 1, 2, 3. */
export function checkCode(level: CheckLevel): number {
  return checkLevels.indexOf(level);
}

function checkLine(level: CheckLevel, words: string): string {
  // Figures begin behind the first vertical bar.
  return `CAPNHOOK ${level.toUpperCase()}: ${safe(words).replaceAll('|', '/')}`;
}

function renderMetric({ name, value, unit, warning, critical }: Metric): string {
  const number = Number.isInteger(value) ? String(value) : value.toFixed(3);
  return `${name}=${number}${unit};${warning ?? ''};${critical ?? ''};0`;
}
