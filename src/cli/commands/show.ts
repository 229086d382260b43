import { payload, type ShownEvent, type ShownState, show } from '../../library/show.js';
import type { Io } from '../io/io.js';
import type { Globals } from '../options.js';
import { globalsText } from '../render/globals-text.js';
import { renderJson } from '../render/json.js';
import { renderEvent } from '../render/show.js';

/** States that a retry ends. */
const retried: ReadonlySet<ShownState> = new Set<ShownState>(['dead', 'parked', 'retry', 'unclaimed']);

export interface ShowArguments {
  id: string;
  body?: boolean;
}

/** `capnhook show ID`. @throws as the library's `show` */
export async function runShow(
  { id, body = false }: ShowArguments,
  globals: Globals,
  io: Io,
): Promise<number> {
  const { config, spool, json, quiet, showUrls } = globals;
  const options = { config, spool, showUrls, env: io.env };
  if (body) {
    io.print(await payload(id, options));
    return 0;
  }
  const event = await show(id, options);
  if (json) {
    io.print(renderJson(event));
    return 0;
  }
  io.print(renderEvent(event, { now: Date.now(), showUrls, width: io.terminalSize()?.columns }));
  const next = nextStep(event, globalsText(globals));
  if (next !== undefined && !quiet && io.isTerminal('out') && io.isTerminal('err')) io.err(`\n${next}\n`);
  return 0;
}

/** What a person would type next. @param globals what follows each command, so that it means this spool */
function nextStep({ id, deliveries }: ShownEvent, globals: string): string | undefined {
  const paused = deliveries.find(({ state }) => state === 'paused')?.endpoint;
  if (paused !== undefined) return `Let its endpoint go on: capnhook resume ${paused.id}${globals}`;
  const isWaiting = deliveries.some(({ state }) => retried.has(state));
  return isWaiting ? `Send it now: capnhook retry ${id}${globals}` : undefined;
}
