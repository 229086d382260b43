/**
 * Replaces what has changed of a page and nothing else, so that focus, selection and scrolling stay. Pieces have a key;
 * where the same keys are there in the same order, only pieces that differ are replaced, and otherwise everything.
 */
const keyed = '[data-live-key]';

/** What each piece came as: a script may have changed it since. */
const sources = new WeakMap<Element, string>();

/** Remembers how each piece came, before a script changes it. */
export function rememberPieces(root: Element): void {
  for (const piece of root.querySelectorAll(keyed)) sources.set(piece, piece.outerHTML);
}

/** Makes `main` show what the server has sent. */
export function updatePieces(main: Element, text: string): void {
  const next = document.createElement('main');
  next.innerHTML = text; // the server has escaped every foreign text, and the content policy runs nothing
  rememberPieces(next);
  if (outlineOf(main) === outlineOf(next)) replaceChanged(main, next);
  else replaceAll(main, next);
}

function outlineOf(root: Element): string {
  return piecesOf(root)
    .map(({ dataset }) => dataset.liveKey)
    .join('\n');
}

function piecesOf(root: Element): HTMLElement[] {
  return [...root.querySelectorAll<HTMLElement>(keyed)];
}

function replaceChanged(main: Element, next: Element): void {
  const fresh = piecesOf(next);
  for (const [index, old] of piecesOf(main).entries()) {
    const piece = fresh[index];
    if (piece === undefined || sources.get(old) === sources.get(piece)) continue;
    const focused = old.contains(document.activeElement) ? pathTo(old, document.activeElement) : undefined;
    if (old.classList.contains('current')) piece.classList.add('current');
    if (figuresOf(old) !== figuresOf(piece)) piece.classList.add('changed');
    old.replaceWith(piece);
    if (focused !== undefined) follow(piece, focused)?.focus();
  }
}

function replaceAll(main: Element, next: Element): void {
  const kept = main.querySelectorAll('[data-live-keep]');
  for (const [index, place] of next.querySelectorAll('[data-live-keep]').entries()) {
    const old = kept[index];
    if (old !== undefined) place.replaceWith(old);
  }
  main.replaceChildren(...next.childNodes);
}

/** The numbers of a piece: times are different each second. */
function figuresOf(piece: Element): string {
  return [...piece.querySelectorAll<HTMLElement>('[data-value]')]
    .map(({ dataset }) => dataset.value)
    .join(' ');
}

/** Where an element is in a tree, as positions among children. */
function pathTo(root: Element, element: Element | null): number[] {
  const path: number[] = [];
  for (let at = element; at !== null && at !== root; at = at.parentElement)
    path.unshift([...(at.parentElement?.children ?? [])].indexOf(at));
  return path;
}

function follow(root: Element, path: readonly number[]): HTMLElement | undefined {
  let at: Element | undefined = root;
  for (const index of path) at = at?.children[index];
  return at instanceof HTMLElement ? at : undefined;
}
