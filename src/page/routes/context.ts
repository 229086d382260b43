/** What the routes share. */
import type { Context } from 'hono';
import type { PageData } from '../page-data.js';
import type { Asset } from '../server/assets.js';
import type { Sessions } from '../server/session.js';
import { type Frame, layout, type View } from '../views/layout.js';

/** What the page is made with. */
export interface PageOptions {
  data: PageData;
  sessions: Sessions;
  assets(name: string): Asset | undefined;
  /** The host that the server was asked to listen on. */
  listenHost: string;
  /** The spool's directory, as it is shown. */
  spool: string;
  /** Whether nothing can be changed by it. */
  isReadOnly: boolean;
  /** Called with an error that is a bug. */
  onBug(error: unknown): void;
  /** ms since the epoch. */
  now(): number;
  /** ms, never goes back. */
  monotonic(): number;
}

/** Header of a request for the changing part of a page alone. */
export const partHeader = 'x-capnhook-part';

/** Answers with a page, or with its changing part. */
export function show(
  c: Context,
  view: View,
  { spool, isReadOnly }: Pick<PageOptions, 'spool' | 'isReadOnly'>,
): Response | Promise<Response> {
  if (c.req.header(partHeader) === 'main') return c.html(view.main);
  const { pathname, search } = new URL(c.req.url);
  const frame: Frame = { spool, isReadOnly, path: `${pathname}${search}` };
  return c.html(layout(view, frame));
}
