/** The pages that show something. */
import type { Context, Hono } from 'hono';
import { parseTime } from '../../event/event-time.js';
import { parseDuration } from '../../shared/duration.js';
import { CapnhookError } from '../../shared/errors.js';
import type { ListState } from '../../usecases/inspect/list-state.js';
import type { RowFilter } from '../page-data.js';
import { endpointView } from '../views/endpoint.js';
import { entriesView, stateNames } from '../views/entries.js';
import { notFoundView } from '../views/errors.js';
import { eventView, payloadPart, payloadView } from '../views/event.js';
import { failuresView, spans } from '../views/failures.js';
import { overviewView } from '../views/overview.js';
import { type PageOptions, partHeader, show } from './context.js';

/** Rows on a page of the list. */
const pageRows = 100;

const dayMs = 86_400_000;

/** Adds the pages that change nothing. */
export function addReading(app: Hono, options: PageOptions): void {
  const { data, now, isReadOnly } = options;

  app.get('/', async (c) => {
    const [status, traffic] = await Promise.all([data.status(), data.traffic()]);
    return show(c, overviewView(status, traffic), options);
  });

  app.get('/endpoints/:id', async (c) => {
    const id = c.req.param('id');
    const { time, endpoints } = await data.status();
    const row = endpoints.find(({ endpoint }) => endpoint.id === id);
    if (row === undefined) return missing(c, options);
    const at = Date.parse(time);
    const [traffic, groups] = await Promise.all([
      data.traffic(id),
      data.failures({ since: at - dayMs, endpoint: id }),
    ]);
    return show(c, endpointView(row, { now: at, isReadOnly, traffic, groups }), options);
  });

  app.get('/entries', async (c) => {
    const filter = filterOf((name) => c.req.query(name), now());
    const after = c.req.query('after');
    const page = await data.list(filter, { after, limit: pageRows });
    return show(c, entriesView(filter, page, { now: now(), isReadOnly, after }), options);
  });

  app.get('/failures', async (c) => {
    const asked = c.req.query('span');
    const span = spans.find(([name]) => name === asked)?.[0] ?? '1h';
    const endpoint = c.req.query('endpoint') || undefined;
    const groups = await data.failures({ since: now() - (parseDuration(span) ?? 0), endpoint });
    return show(c, failuresView(groups, { now: now(), span, endpoint }), options);
  });

  app.get('/events/:id', async (c) => {
    const event = await data.show(c.req.param('id'));
    return show(c, eventView(event, { now: now(), isReadOnly }), options);
  });

  app.get('/events/:id/payload', async (c) => {
    const id = c.req.param('id');
    const payload = await data.payload(id);
    if (c.req.query('raw') !== undefined) return download(c, id, payload);
    if (c.req.header(partHeader) === 'payload') return c.html(payloadPart(payload));
    return show(c, payloadView(id, payload), options);
  });
}

function missing(c: Context, options: PageOptions): Response | Promise<Response> {
  c.status(404);
  return show(c, notFoundView(), options);
}

/** As a file, and never as a document of this site. */
function download(c: Context, id: string, payload: Uint8Array): Response {
  return c.body(new Uint8Array(payload), 200, {
    'content-type': 'application/octet-stream',
    'content-disposition': `attachment; filename="${id.replace(/[^\w-]/g, '_')}.json"`,
  });
}

/**
 * Reads a filter from a query or a form.
 * @param now ms since the epoch, from which durations count back
 * @throws CapnhookError `USAGE` for what is no time or no state
 */
export function filterOf(field: (name: string) => string | undefined, now: number): RowFilter {
  const text = (name: string): string | undefined => field(name)?.trim() || undefined;
  const state = text('state');
  if (state !== undefined && !Object.hasOwn(stateNames, state))
    throw new CapnhookError('USAGE', 'Cannot filter: there is no such state');
  return {
    state: state as ListState | undefined,
    endpoint: text('endpoint'),
    hook: text('hook'),
    since: timeOf(text('since'), { name: 'since', now }),
    before: timeOf(text('before'), { name: 'before', now }),
  };
}

const dateOnly = /^\d{4}-\d{2}-\d{2}$/;

/** ISO 8601, or a duration back from now. */
function timeOf(text: string | undefined, { name, now }: { name: string; now: number }): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms !== undefined) return now - ms;
  const time = parseTime(dateOnly.test(text) ? `${text}T00:00Z` : text);
  if (time !== undefined) return Date.parse(time);
  throw new CapnhookError('USAGE', `Cannot filter: "${name}" needs a time or a duration`, {
    hint: 'A time is 2026-11-30 or 2026-11-30T12:00Z, a duration is 90s, 15m, 2h or 30d.',
  });
}
