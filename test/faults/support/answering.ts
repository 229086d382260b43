/** A receiver whose answer a test changes as it goes, and which knows what it has accepted. */
import type { World } from '../../support/world.js';

export interface Answering {
  readonly url: string;
  /** What is answered from now on. */
  status: number;
  /** Bodies that were answered with 204, by event id. */
  readonly delivered: ReadonlyMap<string, readonly string[]>;
  /** Requests, whatever the answer. */
  requests(): number;
}

/** Starts one, which is closed at the end of the test. */
export async function startAnswering(world: World, status = 204): Promise<Answering> {
  const delivered = new Map<string, string[]>();
  const receiver = await world.receiver(({ headers, body }) => {
    const id = String(headers['webhook-id']);
    if (answering.status === 204) delivered.set(id, [...(delivered.get(id) ?? []), body.toString()]);
    return { status: answering.status };
  });
  const answering: Answering = {
    url: `${receiver.url}/`,
    status,
    delivered,
    requests: () => receiver.requests.length,
  };
  return answering;
}
