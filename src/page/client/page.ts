/** What the page does in a browser. Without it every page and form works, except that nothing changes by itself. */
import { drawCharts, redrawCharts } from './charts.js';
import { startKeyboard } from './keyboard.js';
import { startLive } from './live.js';
import { rememberPieces } from './pieces.js';
import { watchSelection } from './rows.js';

const main = document.querySelector<HTMLElement>('main');
if (main !== null) start(main);

function start(main: HTMLElement): void {
  if (location.hash.startsWith('#token='))
    history.replaceState(null, '', location.pathname + location.search);
  rememberPieces(main);
  drawCharts(main);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => redrawCharts(main));
  onNewWidth(() => redrawCharts(main));
  const button = document.querySelector<HTMLButtonElement>('#live');
  if (button !== null) startLive({ main, button, onChange: () => drawCharts(main) });
  const entries = document.querySelector<HTMLFormElement>('#entries');
  if (entries !== null) watchSelection(entries);
  startKeyboard(startHelp());
  document.addEventListener('click', showPayload);
}

function onNewWidth(act: () => void): void {
  let width = innerWidth;
  let timer: ReturnType<typeof setTimeout> | undefined;
  addEventListener('resize', () => {
    if (innerWidth === width) return;
    width = innerWidth;
    clearTimeout(timer);
    timer = setTimeout(act, 150);
  });
}

function startHelp(): () => void {
  const dialog = document.querySelector<HTMLDialogElement>('#keys');
  const button = document.querySelector<HTMLButtonElement>('#help');
  const show = (): void => dialog?.showModal();
  if (button !== null) button.hidden = false;
  button?.addEventListener('click', show);
  return show;
}

/** Puts the payload into the page; without this, its link leads to a page of its own. */
async function showPayload(event: MouseEvent): Promise<void> {
  const link = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-payload]') : null;
  if (link?.dataset.payload === undefined) return;
  event.preventDefault();
  const answer = await fetch(link.dataset.payload, { headers: { 'x-capnhook-part': 'payload' } });
  const section = link.closest('section');
  section?.querySelector('#payload')?.remove();
  section?.insertAdjacentHTML('beforeend', await answer.text()); // escaped by the server
}
