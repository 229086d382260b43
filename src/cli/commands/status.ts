import { status } from '../../library/status.js';
import type { Io } from '../io/io.js';
import type { Globals } from '../options.js';
import { globalsText } from '../render/globals-text.js';
import { renderJson } from '../render/json.js';
import { renderStatus } from '../render/status.js';
import { createStyle } from '../render/style.js';

/** The arguments of `status`. */
export interface StatusArguments {
  endpoint?: string | undefined;
}

/** `capnhook status [ENDPOINT]`. @throws as the library's `status` */
export async function runStatus({ endpoint }: StatusArguments, globals: Globals, io: Io): Promise<number> {
  const { spool, config, showUrls } = globals;
  const found = await status({ endpoint, spool, config, showUrls, env: io.env });
  if (globals.json) {
    io.print(renderJson(found));
    return 0;
  }
  const style = await createStyle(globals.color && io.isTerminal('out'));
  const width = io.terminalSize()?.columns;
  io.print(renderStatus(found, { style, width, globals: globalsText(globals) }));
  return 0;
}
