/** A sender that answers from a table. */
import type { Attempt, AttemptResult, Sender } from '../../src/delivery/sender.js';
import type { CutSignal } from '../../src/shared/cut.js';

/** What to answer: a status, a whole result, or a function of the attempt. */
export type Script =
  | number
  | AttemptResult
  | ((attempt: Attempt) => number | AttemptResult | Promise<number | AttemptResult>);

export interface Sent {
  endpoint: string;
  event: string;
  attempt: number;
  timestamp: number;
  payload: string;
}

export interface ScriptedSender {
  readonly sender: Sender;
  /** Every attempt, in order. */
  readonly sent: Sent[];
  /** What is answered from now on, by endpoint id; may be changed. */
  readonly script: Record<string, Script>;
  to(id: string): Sent[];
  /** Most attempts in flight at once, over all endpoints or to one. */
  most(id?: string): number;
  inFlight(): number;
}

/** A sender that answers from a table by endpoint id; 204 where it has no entry. Honours the cut-off. */
export function scriptedSender(script: Record<string, Script> = {}): ScriptedSender {
  const sent: Sent[] = [];
  const flying = new Map<string, number>();
  let most = 0;
  const mostOf = new Map<string, number>();

  async function answer(attempt: Attempt): Promise<AttemptResult> {
    const entry = script[attempt.endpoint.id] ?? 204;
    const result = typeof entry === 'function' ? await entry(attempt) : entry;
    return typeof result === 'number' ? { kind: 'answer', status: result } : result;
  }

  function cutOff(signal: CutSignal | undefined): Promise<AttemptResult> {
    return new Promise((resolve) => {
      if (signal === undefined) return;
      if (signal.aborted) resolve({ kind: 'aborted' });
      signal.addEventListener('abort', () => resolve({ kind: 'aborted' }));
    });
  }

  const sender: Sender = {
    load: async () => {},
    stopConnecting: () => {},
    async send(attempt) {
      const { id } = attempt.endpoint;
      sent.push({
        endpoint: id,
        event: attempt.event.id,
        attempt: attempt.attempt,
        timestamp: attempt.timestamp,
        payload: Buffer.from(attempt.event.payload).toString(),
      });
      flying.set(id, (flying.get(id) ?? 0) + 1);
      most = Math.max(
        most,
        [...flying.values()].reduce((sum, each) => sum + each, 0),
      );
      mostOf.set(id, Math.max(mostOf.get(id) ?? 0, flying.get(id) ?? 0));
      try {
        return await Promise.race([answer(attempt), cutOff(attempt.signal)]);
      } finally {
        flying.set(id, (flying.get(id) ?? 1) - 1);
      }
    },
    async close() {},
  };
  return {
    sender,
    sent,
    script,
    to: (id) => sent.filter((each) => each.endpoint === id),
    most: (id) => (id === undefined ? most : (mostOf.get(id) ?? 0)),
    inFlight: () => [...flying.values()].reduce((sum, each) => sum + each, 0),
  };
}
