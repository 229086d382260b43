/** The page's routes, behind its guards: the host, the origin, the token. */
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { getCookie, setCookie } from 'hono/cookie';
import { CapnhookError } from '../shared/errors.js';
import type { PageOptions } from './routes/context.js';
import { show } from './routes/context.js';
import { addLive } from './routes/live.js';
import { addReading } from './routes/reading.js';
import { addSteering } from './routes/steering.js';
import { pageHeaders } from './server/headers.js';
import { isOwnHost, isOwnOrigin } from './server/origin.js';
import { errorView, notFoundView } from './views/errors.js';
import { enteredPage, lockedPage } from './views/layout.js';

/** Maximum size of a form, in bytes: a hundred ids take a tenth of it. */
const maxFormBytes = 262_144;

/** Files that hold nothing of the spool, and that the page needs to ask for the token. */
const openAssets = new Set(['enter.js', 'page.css', 'icon.svg']);

/** Makes the page. Without `isReadOnly` it has routes that change something. */
export function createApp(options: PageOptions): Hono {
  const app = new Hono();
  addGuards(app, options);
  app.get('/assets/:name', (c) => {
    const asset = options.assets(c.req.param('name'));
    if (asset === undefined) return c.notFound();
    return c.body(asset.bytes, 200, { 'content-type': asset.type });
  });
  addReading(app, options);
  addLive(app, options);
  if (!options.isReadOnly) addSteering(app, options);
  app.notFound((c) => {
    c.status(404);
    return show(c, notFoundView(), options);
  });
  app.onError((error, c) => {
    if (error instanceof CapnhookError) {
      c.status(statusOf(error));
      return show(c, errorView(error), options);
    }
    options.onBug(error);
    return c.text(
      'This is a bug in capnhook; the terminal in which the dashboard was started has more.\n',
      500,
    );
  });
  return app;
}

function statusOf({ code }: CapnhookError): 400 | 404 | 503 {
  if (code === 'USAGE') return 400;
  return code === 'NO_INPUT' ? 404 : 503;
}

function addGuards(app: Hono, { sessions, listenHost }: PageOptions): void {
  app.use(async (c, next) => {
    for (const [name, value] of Object.entries(pageHeaders)) c.header(name, value);
    if (isOwnHost(c.req.header('host'), listenHost)) return next();
    return c.text('This host name does not lead here.\n', 403);
  });
  app.use(bodyLimit({ maxSize: maxFormBytes, onError: (c) => c.text('This form is too large.\n', 413) }));
  app.post('/enter', async (c) => {
    const { token, code } = await c.req.parseBody();
    const cookie = sessions.enter(String(token ?? code ?? ''));
    if (cookie === undefined) return c.html(lockedPage(), 401);
    setCookie(c, cookieName(c.req.header('host')), cookie, {
      httpOnly: true,
      sameSite: 'Strict',
      path: '/',
    });
    return c.html(enteredPage());
  });
  app.use(async (c, next) => {
    const host = c.req.header('host') ?? '';
    const name = /^\/assets\/([\w.]+)$/.exec(c.req.path)?.[1] ?? '';
    if (c.req.method === 'GET' && openAssets.has(name)) return next();
    if (!sessions.isOpen(getCookie(c, cookieName(host)))) return c.html(lockedPage(), 401);
    if (c.req.method === 'GET' || isOwnOrigin(c.req.header('origin'), host)) return next();
    return c.text('This form was not sent by the dashboard.\n', 403);
  });
}

/** Cookies are shared by all ports of a host. */
function cookieName(host = ''): string {
  return `capnhook-${/:(\d+)$/.exec(host)?.[1] ?? '80'}`;
}
