/** Who gets an event: what the hooks file answers now, and a source may answer later, or not at all. */
import type { Endpoint } from '../endpoint/endpoint.js';
import type { Addressed } from './hooks.js';

/** The receivers of an event. */
export type Route =
  /** In the file's order, each once; at least one. */
  | { kind: 'to'; endpoints: readonly Endpoint[] }
  /** @param why in words; default: nobody is registered for it */
  | { kind: 'nobody'; why?: string }
  /** It cannot be told now, and the event waits. @param why in words; absent where it is reported elsewhere */
  | { kind: 'unknown'; why?: string };

export interface Router {
  /** A promise only where something has to be waited for; it never rejects. */
  route(event: Addressed): Route | Promise<Route>;
  /** The endpoint of this id, if it still receives the event; `unknown`: it cannot be told now. */
  endpoint(id: string, event: Addressed): Endpoint | 'unknown' | undefined;
}
