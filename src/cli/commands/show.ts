import { payload, type ShownEvent, show } from '../../library/show.js';
import type { Io } from '../io/io.js';
import type { Globals } from '../options.js';
import { renderJson } from '../render/json.js';
import { renderEvent } from '../render/show.js';

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
  const next = nextStep(event);
  if (next !== undefined && !quiet && io.isTerminal('out') && io.isTerminal('err')) io.err(`\n${next}\n`);
  return 0;
}

/** What a person would type next. */
function nextStep({ id, deliveries }: ShownEvent): string | undefined {
  const states = new Set(deliveries.map(({ state }) => state));
  if (states.has('paused')) return `Let its endpoint go on: capnhook resume ENDPOINT`;
  const isWaiting = (['dead', 'parked', 'retry', 'unclaimed'] as const).some((state) => states.has(state));
  return isWaiting ? `Send it now: capnhook retry ${id}` : undefined;
}
