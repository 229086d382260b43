import type { FanOut } from '../../spool.js';
import type { IntakeRouting } from '../intake/placement.js';
import type { Claims } from './claims.js';
import type { LeaseTools } from './tools.js';

export interface IntakeSteps {
  /** Takes in the next events; their deliveries can be claimed when it resolves. @throws as the intake's step */
  step(routing: IntakeRouting): Promise<FanOut>;
  /** Resolves when no step is under way: what it puts into a queue must not be found before the readers know of it. */
  idle(): Promise<void>;
  /** Whether a step is under way. */
  areUnderWay(): boolean;
}

/** Makes the steps of the intake, each followed by what it changes for the readers of the queues. */
export function createIntakeSteps(tools: LeaseTools, claims: Claims): IntakeSteps {
  const { intake, readers, strays, ballast, quarantined } = tools;
  let current: Promise<void> = Promise.resolve();
  let underWay = 0;

  return {
    async step(routing) {
      underWay += 1;
      const taking = intake.step(routing);
      current = taking.then(
        () => {
          underWay -= 1;
        },
        () => {
          underWay -= 1;
          strays.mayExist = true; // the caller gets the error
        },
      );
      const step = await taking;
      if (strays.mayExist) readers.reload();
      strays.mayExist = false;
      claims.giveBackPostponed();
      readers.lookAtGrowing();
      // What was delivered leaves directories, which others need now.
      if (step.lacksRoom) await readers.tidy();
      else ballast.refill();
      return { ...step, quarantined: [...quarantined.splice(0), ...step.quarantined] };
    },
    areUnderWay: () => underWay > 0,
    async idle() {
      for (let step: unknown; step !== current; ) {
        step = current;
        await step; // the next one may have begun meanwhile
      }
    },
  };
}
