import { register } from '../../library/register.js';
import type { Io } from '../io/io.js';
import { readUrl } from '../io/read-url.js';
import type { Globals } from '../options.js';
import { renderJson } from '../render/json.js';

/** `capnhook register HOOK URL`. @throws as the library's `register` */
export async function runRegister(
  { hook, url }: { hook: string; url: string },
  globals: Globals,
  io: Io,
): Promise<number> {
  const { changed } = await register(hook, url === '-' ? readUrl(io) : url, {
    config: globals.config,
    env: io.env,
  });
  if (globals.json) io.out(renderJson({ changed }));
  else if (!globals.quiet && (globals.verbose || io.isTerminal('err'))) {
    io.err(
      changed ? `capnhook: registered for ${hook}\n` : `capnhook: it was registered for ${hook} already\n`,
    );
  }
  return 0;
}
