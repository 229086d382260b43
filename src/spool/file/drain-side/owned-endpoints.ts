/** The endpoints of a file spool: the holder of its lock owns those that it has acquired, and nobody the others. */
import type { Claim, ClaimOptions, OwnedEndpoint, Queues } from '../../spool.js';
import type { HealthEntry } from '../endpoints/health-files.js';
import { anyTime, type EndpointQueue } from '../readers/endpoint-queue.js';
import type { Claims } from './claims.js';
import type { Finishing } from './finishing.js';
import type { IntakeSteps } from './intake-steps.js';
import type { DrainTools } from './tools.js';

/** Makes the endpoints of a drain. */
export function createOwnedEndpoints(
  tools: DrainTools,
  { claims, finishing, steps }: { claims: Claims; finishing: Finishing; steps: IntakeSteps },
): Queues {
  const { readers, health, answers, inWords } = tools;
  let lastNow = anyTime;

  async function claimLater(queue: EndpointQueue, options: ClaimOptions): Promise<Claim> {
    await steps.idle();
    return claims.claim(queue, options);
  }

  function claim(queue: EndpointQueue, options: ClaimOptions): Promise<Claim> {
    if (steps.areUnderWay()) return claimLater(queue, options);
    try {
      return Promise.resolve(claims.claim(queue, options));
    } catch (error) {
      return Promise.reject(inWords(error));
    }
  }

  function newOwned(queue: EndpointQueue): OwnedEndpoint {
    const { endpoint } = queue;
    let known: Readonly<HealthEntry> | undefined;
    return {
      id: endpoint,
      health() {
        known ??= health.entryOf(endpoint);
        return known.health;
      },
      async saveHealth(next, options) {
        try {
          health.set(endpoint, next, options);
        } catch (error) {
          throw inWords(error);
        }
      },
      noteAnswer: (answer) => answers.note(endpoint, answer),
      claim: (options) => claim(queue, options),
      done: (delivery, options) => finishing.done(queue, delivery, options),
      defer: (delivery, options) => finishing.defer(queue, delivery, options),
      bury: (delivery, why) => finishing.bury(queue, delivery, why),
      giveBack: (delivery) => finishing.giveBack(queue, delivery),
      hold: (delivery) => finishing.hold(queue, delivery),
      nextDue: () => readers.nextDue(queue),
      isOurs: () => queue.isOwned,
      async release({ until = anyTime } = {}) {
        readers.release(queue, until);
      },
    };
  }

  function own(queue: EndpointQueue): OwnedEndpoint {
    readers.own(queue);
    queue.owned ??= newOwned(queue);
    return queue.owned;
  }

  return {
    async acquire({ limit, now, isEarly = now < lastNow }) {
      lastNow = now;
      claims.giveBackUnreadable();
      if (isEarly) readers.unpark();
      return readers.acquire({ limit, now }).map(own);
    },
    acquireOne: async (id) => own(readers.of(id)),
    async nextReady() {
      const [readyAt, againAt] = [readers.nextReady(), claims.againAt()];
      if (readyAt === undefined || againAt === undefined) return readyAt ?? againAt;
      return Math.min(readyAt, againAt);
    },
  };
}
