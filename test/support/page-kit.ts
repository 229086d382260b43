/** A dashboard in this process, on a place of the test's own, asked without a browser. */
import { request } from 'node:http';
import { onTestFinished } from 'vitest';
import { type Dashboard, type DashboardOptions, dashboard } from '../../src/library/dashboard/dashboard.js';
import { createPlace, type Place } from './place.js';

/** What was answered. */
export interface Asked {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

export interface AskOptions {
  method?: 'GET' | 'POST';
  headers?: Record<string, string>;
  /** Fields of a form. */
  form?: ReadonlyArray<readonly [string, string]>;
}

export interface PageKit {
  place: Place;
  served: Dashboard;
  token: string;
  /** Asks as any program could. */
  ask(path: string, options?: AskOptions): Promise<Asked>;
  /** Asks as the page does in a browser that was let in. */
  asBrowser(path: string, options?: AskOptions): Promise<Asked>;
}

/** Serves a dashboard until the test ends. */
export async function servePage(
  options: DashboardOptions = {},
  place: Place = createPlace(),
): Promise<PageKit> {
  await place.run(['init']);
  const served = await dashboard({ listen: '127.0.0.1:0', env: place.env, ...options });
  onTestFinished(() => served.close());
  const token = new URLSearchParams(new URL(served.url).hash.slice(1)).get('token') ?? '';
  const ask: PageKit['ask'] = (path, asked = {}) => send(`${served.origin}${path}`, asked);
  let cookie: string | undefined;
  return {
    place,
    served,
    token,
    ask,
    async asBrowser(path, { headers, ...asked } = {}) {
      cookie ??= cookieOf(await ask('/enter', { method: 'POST', form: [['token', token]] }));
      return ask(path, { ...asked, headers: { cookie, origin: served.origin, ...headers } });
    },
  };
}

/** The cookie that an answer sets, without its attributes. */
export function cookieOf({ headers }: Asked): string {
  const [set = ''] = [headers['set-cookie'] ?? []].flat();
  return set.split(';')[0] ?? '';
}

function send(url: string, { method = 'GET', headers = {}, form }: AskOptions): Promise<Asked> {
  const body =
    form && new URLSearchParams(form.map(([name, value]): [string, string] => [name, value])).toString();
  const type = body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
  return new Promise((resolve, reject) => {
    const asking = request(url, { method, headers: { ...type, ...headers } }, async (answer) => {
      let text = '';
      for await (const chunk of answer.setEncoding('utf8')) text += chunk;
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text });
    });
    asking.on('error', reject);
    asking.end(body);
  });
}
