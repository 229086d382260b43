/** Keeps the page up to date, for as long as its tab is seen. */
import { updatePieces } from './pieces.js';

export interface LiveOptions {
  /** The part that changes; its address is in `data-live`. */
  main: HTMLElement;
  /** Shows whether updates come, and stops them when it is pressed. */
  button: HTMLButtonElement;
  /** Called when the part has changed. */
  onChange(): void;
}

/** Starts the updates. */
export function startLive({ main, button, onChange }: LiveOptions): void {
  const address = `/live?of=${encodeURIComponent(main.dataset.live ?? '/')}`;
  let source: EventSource | undefined;
  let isWanted = true;

  function open(): void {
    if (source !== undefined || !isWanted || document.visibilityState === 'hidden') return;
    source = new EventSource(address);
    source.addEventListener('open', tell);
    source.addEventListener('error', tell);
    source.addEventListener('main', ({ data }) => {
      updatePieces(main, data as string);
      onChange();
    });
    tell();
  }

  function close(): void {
    source?.close();
    source = undefined;
    tell();
  }

  function tell(): void {
    const isOpen = source?.readyState === EventSource.OPEN;
    button.textContent = isOpen ? 'Live' : waitingWord(source);
    button.classList.toggle('on', isOpen);
    button.title = source === undefined ? 'Start the updates' : 'Stop the updates';
  }

  button.hidden = false;
  button.addEventListener('click', () => {
    isWanted = source === undefined;
    if (isWanted) open();
    else close();
  });
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') close();
    else open();
  });
  addEventListener('pagehide', close);
  addEventListener('pageshow', open);
  open();
}

function waitingWord(source: EventSource | undefined): string {
  return source === undefined ? 'Paused' : 'Connecting';
}
