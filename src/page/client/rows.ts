/** Rows: a current one for the keyboard, and those that are selected. */

/** Makes the row after the current one, or before it, the current one. @param step 1 or -1 */
export function moveTo(step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')];
  const at = rows.findIndex((row) => row.classList.contains('current'));
  const next = rows[Math.min(Math.max(at + step, 0), rows.length - 1)];
  if (next === undefined) return;
  rows[at]?.classList.remove('current');
  next.classList.add('current');
  next.querySelector<HTMLElement>('a')?.focus();
  next.scrollIntoView({ block: 'nearest' });
}

/** Follows the current row's first link. */
export function openRow(): void {
  currentRow()?.querySelector<HTMLElement>('a')?.click();
}

/** Selects the current row, or takes it out of the selection. */
export function pickRow(): void {
  currentRow()?.querySelector<HTMLElement>('input[name=entry]')?.click();
}

function currentRow(): Element | null {
  return document.querySelector('[data-row].current');
}

/** Counts what is selected, and lets actions on it be pressed only where there is something. */
export function watchSelection(form: HTMLFormElement): void {
  const boxes = [...form.querySelectorAll<HTMLInputElement>('input[name=entry]')];
  const all = form.querySelector<HTMLInputElement>('#pick-all');
  const told = form.querySelector('#picked');

  function tell(): void {
    const picked = boxes.filter(({ checked }) => checked).length;
    if (told !== null) told.textContent = picked === 0 ? '' : `${picked} selected`;
    for (const button of form.querySelectorAll<HTMLButtonElement>('[data-needs-selection]'))
      button.disabled = picked === 0;
    if (all === null) return;
    all.checked = picked > 0 && picked === boxes.length;
    all.indeterminate = picked > 0 && !all.checked;
  }

  all?.addEventListener('change', () => {
    for (const box of boxes) box.checked = all.checked;
    tell();
  });
  form.addEventListener('change', tell);
  addEventListener('pageshow', tell); // a browser keeps the boxes when it goes back
  tell();
}
