import { readFileSync } from 'node:fs';
import { type JournalPosition, readNewAttempts } from '../journal/new-attempts.js';
import { CapnhookError, errnoOf } from '../shared/errors.js';
import { packageVersion } from '../shared/machine/package-info.js';
import { randomBytes } from '../shared/machine/random.js';
import { replaceText } from '../shared/machine/replace-text.js';
import { attemptMetrics, parseAttemptMetrics } from '../usecases/inspect/metrics/attempt-metrics.js';
import { createAttemptTotals, otherLabel } from '../usecases/inspect/metrics/attempt-totals.js';
import { renderMetrics } from '../usecases/inspect/metrics/exposition.js';
import { statusMetrics } from '../usecases/inspect/metrics/status-metrics.js';
import type { Status } from '../usecases/inspect/status/status-data.js';

/** What the counts of a text file begin with; Prometheus and node_exporter take it for a comment. */
const positionLine = /^# capnhook journal ((?:\d{4}-\d{2}-\d{2} \d{1,15} ?){0,2})$/m;

const since = 'since this file was first written, and from where the journal began then';

/**
 * Writes a status as metrics of Prometheus, for node_exporter's textfile collector. Its counts go on from those in the
 * file that is there, with what was journaled since; so they never go back.
 * @param path the file, whose name ends in `.prom` for node_exporter; replaced atomically, mode 0644
 * @throws CapnhookError `SPOOL_WRITE`, `PERMISSION` where it cannot be written, or the journal not read
 * @example writeMetrics('/var/lib/node_exporter/capnhook.prom', await status());
 */
export async function writeMetrics(path: string, status: Status): Promise<void> {
  const before = readText(path);
  const known = parseAttemptMetrics(before);
  const labels = labelsOf(status, known);
  const begin = new Map([...known].filter(([label]) => label === otherLabel || labels.has(label)));
  const totals = createAttemptTotals({ labelOf: (id) => (labels.has(id) ? id : otherLabel), begin });
  const position = await readNewAttempts(`${status.spool}/journal`, positionIn(before), totals.add);
  const families = [
    ...statusMetrics(status, { version: packageVersion() }),
    ...attemptMetrics(totals.byLabel, since),
  ];
  const days = [...position].map(([day, bytes]) => `${day} ${bytes}`).join(' ');
  try {
    const token = Buffer.from(randomBytes(6)).toString('hex');
    replaceText(path, `# capnhook journal ${days}\n${renderMetrics(families)}`, { token });
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

/** Registered endpoints; where the hooks file cannot tell which are, those of the last time. */
function labelsOf(
  { endpoints, hooksFile }: Status,
  known: ReadonlyMap<string, unknown>,
): ReadonlySet<string> {
  if (!hooksFile.isUsable) return new Set(known.keys());
  return new Set(endpoints.filter(({ isRegistered }) => isRegistered).map(({ endpoint }) => endpoint.id));
}

/** A file without a position has no counts that could go on. */
function positionIn(text: string): JournalPosition {
  const words = positionLine.exec(text)?.[1]?.trim().split(' ') ?? [];
  const position = new Map<string, number>();
  for (let at = 0; at + 1 < words.length; at += 2) position.set(words[at]!, Number(words[at + 1]));
  return position;
}

/** What this function wrote last; nothing where that is missing, or something else. */
function readText(path: string): string {
  try {
    const text = readFileSync(path, 'utf8');
    return positionLine.test(text) ? text : '';
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return '';
    throw cannotWrite(path, error);
  }
}

function cannotWrite(path: string, cause: unknown): unknown {
  const errno = errnoOf(cause);
  if (errno === undefined) return cause;
  const isRefused = errno === 'EACCES' || errno === 'EPERM';
  return new CapnhookError(isRefused ? 'PERMISSION' : 'SPOOL_WRITE', `Cannot write ${path} (${errno})`, {
    cause,
    hint: 'It is written beside itself and renamed: its directory must be there, and be writable.',
  });
}
