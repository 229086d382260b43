/** The keys that the list behind `?` tells. */
import { moveTo, openRow, pickRow } from './rows.js';

/** Obeys keys, except where a text is typed. @param help shows the list */
export function startKeyboard(help: () => void): void {
  const acts: Readonly<Record<string, () => void>> = {
    j: () => moveTo(1),
    k: () => moveTo(-1),
    Enter: openRow,
    x: pickRow,
    '/': () => document.querySelector<HTMLElement>('.filter input:not([type=hidden])')?.focus(),
    '?': help,
  };
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isUsed(event)) return;
    const act = Object.hasOwn(acts, event.key) ? acts[event.key] : undefined;
    const named = document.querySelector<HTMLElement>(`[data-key="${CSS.escape(event.key)}"]`);
    if (act === undefined && named === null) return;
    event.preventDefault();
    if (act === undefined) named?.click();
    else act();
  });
}

/** Whether what has the focus takes the key itself. */
function isUsed({ target, key }: KeyboardEvent): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (key === 'Enter') return target.matches('a, button, input, summary, select, textarea');
  return (
    target.matches('input:not([type=checkbox]), textarea, select') || target.closest('dialog[open]') !== null
  );
}
