import type { Intake } from '../../intake.js';
import type { Claims } from './claims.js';
import type { DrainTools } from './tools.js';

export interface IntakeSteps {
  /** @throws from its methods: as the intake's */
  intake: Intake;
  /** Resolves when no step is under way: what it puts into a queue must not be found before the readers know of it. */
  idle(): Promise<void>;
  /** Whether a step is under way. */
  areUnderWay(): boolean;
}

/** Makes the steps of the intake, each followed by what it changes for the readers of the queues. */
export function createIntakeSteps(tools: DrainTools, claims: Claims): IntakeSteps {
  const { intake, inbox, readers, strays, ballast, quarantined } = tools;
  let current: Promise<void> = Promise.resolve();
  let underWay = 0;

  /** Runs a step: nothing is claimed meanwhile. */
  async function run<T>(step: Promise<T>): Promise<T> {
    underWay += 1;
    current = step.then(
      () => {
        underWay -= 1;
      },
      () => {
        underWay -= 1;
        strays.mayExist = true; // the caller gets the error
      },
    );
    return await step;
  }

  async function follow({ lacksRoom }: { lacksRoom: boolean }): Promise<void> {
    if (strays.mayExist) readers.reload();
    strays.mayExist = false;
    claims.giveBackPostponed();
    readers.lookAtGrowing();
    // What was delivered leaves directories, which others need now.
    if (lacksRoom) await readers.tidy();
    else ballast.refill();
  }

  return {
    intake: {
      async take() {
        const { lacksRoom, ...taken } = await run(intake.take());
        if (taken.entries.length === 0) await follow({ lacksRoom });
        return { ...taken, quarantined: [...quarantined.splice(0), ...taken.quarantined] };
      },
      async place(routed) {
        const { lacksRoom, ...placement } = await run(intake.place(routed));
        await follow({ lacksRoom });
        return placement;
      },
      async remove(entries) {
        await run(intake.remove(entries));
        await follow({ lacksRoom: false });
      },
      unqueued: inbox.waiting,
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
