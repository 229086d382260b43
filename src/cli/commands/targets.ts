import { targets } from '../../library/targets.js';
import { endpointData } from '../../usecases/endpoint-data.js';
import type { Io } from '../io/io.js';
import type { Globals } from '../options.js';
import { renderEndpoint } from '../render/endpoint.js';
import { renderJson } from '../render/json.js';

/** `capnhook targets [HOOK]`. @throws as the library's `targets` */
export async function runTargets(
  { hook }: { hook?: string | undefined },
  globals: Globals,
  io: Io,
): Promise<number> {
  const found = await targets(hook, { config: globals.config, env: io.env });
  if (globals.json) {
    const hooks = found.map(({ hook: name, endpoints }) => ({
      hook: name,
      endpoints: endpoints.map((endpoint) => endpointData(endpoint, globals.showUrls)),
    }));
    io.print(renderJson({ hooks }));
    return 0;
  }
  const lines = found.flatMap(({ hook: name, endpoints }) =>
    endpoints.map((endpoint) => `${name}\t${renderEndpoint(endpoint, globals.showUrls)}\n`),
  );
  io.print(lines.join(''));
  if (lines.length === 0 && !globals.quiet)
    io.err(`capnhook: nobody is registered${hook === undefined ? '' : ` for ${hook}`}\n`);
  return 0;
}
