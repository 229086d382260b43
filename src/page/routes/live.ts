/**
 * Live updates: the page that a tab shows is made again every two seconds, and sent when it has changed. Making it takes
 * at most a twentieth of a core, however large the spool is.
 */
import type { Hono } from 'hono';
import { type SSEStreamingApi, streamSSE } from 'hono/streaming';
import { type PageOptions, partHeader } from './context.js';

/** Shortest interval between two looks, in ms. */
const intervalMs = 2_000;

/** A look that took long is followed by a pause this many times as long. */
const pauseFactor = 20;

/** Maximum number of tabs that get updates concurrently. */
const maxStreams = 16;

/** Adds the stream of updates of any other page. */
export function addLive(app: Hono, { monotonic }: PageOptions): void {
  let streams = 0;
  app.get('/live', (c) => {
    const path = c.req.query('of') ?? '/';
    if (!/^\/(?![/\\])/.test(path) || path.startsWith('/live'))
      return c.text('There is no such page.\n', 400);
    if (streams >= maxStreams) return c.text('Too many tabs are open.\n', 503);
    const { host = '', cookie = '' } = c.req.header();
    const look = async (): Promise<Part> => {
      const answer = await app.request(path, { headers: { host, cookie, [partHeader]: 'main' } });
      return { isWhole: answer.ok || answer.status === 404, text: await answer.text() };
    };
    streams += 1;
    return streamSSE(c, async (stream) => {
      try {
        await sendChanges(stream, { look, monotonic });
      } finally {
        streams -= 1;
      }
    });
  });
}

/** The changing part of a page, or the reason that it cannot be had now. */
interface Part {
  isWhole: boolean;
  text: string;
}

async function sendChanges(
  stream: SSEStreamingApi,
  { look, monotonic }: { look(): Promise<Part>; monotonic(): number },
): Promise<void> {
  const pause = createPause(stream);
  for (let known = ''; !stream.aborted; ) {
    const begun = monotonic();
    const { isWhole, text } = await look();
    if (text !== known) await stream.writeSSE({ event: isWhole ? 'main' : 'trouble', data: text });
    known = text;
    await pause(Math.max(intervalMs, (monotonic() - begun) * pauseFactor));
  }
}

/** Makes a pause that ends when the tab goes away. */
function createPause(stream: SSEStreamingApi): (ms: number) => Promise<void> {
  let end = (): void => {};
  stream.onAbort(() => end());
  return (ms) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      end = () => {
        clearTimeout(timer);
        resolve();
      };
      if (stream.aborted) end();
    });
}
