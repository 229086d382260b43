import type { CapnhookError } from '../../shared/errors.js';
import { hideUrls } from './text.js';

/** Renders an expected failure as lines for standard error. */
export function renderError({ message, hint, problems }: CapnhookError): string {
  const lines = [`capnhook: ${message}`];
  for (const problem of problems) {
    const place = problem.line === undefined ? '' : `${problem.line}:${problem.column ?? 1}: `;
    lines.push(`  ${place}${problem.message}`);
  }
  if (hint !== undefined) lines.push(`  ${hint}`);
  return `${lines.join('\n')}\n`;
}

/** Renders an expected failure as one line for standard error. */
export function renderErrorLine({ message }: CapnhookError): string {
  return `capnhook: ${message.split('\n', 1)[0]}\n`;
}

/** Renders a bug as lines for standard error. */
export function renderBug(error: unknown): string {
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `capnhook: this is a bug in capnhook; please report it with these lines:\n${hideUrls(trace)}\n`;
}
