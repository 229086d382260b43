import type { Discarded, DiscardRequest } from '../../../spool.js';
import { discardAll, type Found } from '../../moves/discard.js';
import { createWalkSteps } from '../../moves/walk-steps.js';
import type { DrainTools } from '../tools.js';

/** Makes a function that moves what a request matches to the dead, a step each call. @throws from it: the errno of what failed */
export function createDiscardSteps(tools: DrainTools): (request: DiscardRequest) => Promise<Discarded> {
  const { disk, root, now, inbox, intake, readers, reader, texts, files, quarantined } = tools;

  const step = createWalkSteps<DiscardRequest, Found>(disk, async (request, late) => {
    await intake.placeRest();
    const isSent = (name: string) => inbox.find(name) !== undefined;
    const moving = { files, late };
    const walkTools = { now, reader, texts, moving, isClaimed: readers.isOut, isSent, sent: inbox.handedOut };
    return discardAll(disk, root, { request, tools: walkTools });
  });

  return async (request) => {
    try {
      const { found, isDone } = await step(request);
      if (isDone) readers.reload(request.select.endpoints);
      const entries = found.flatMap(({ entry }) => entry ?? []);
      const claimed = found.flatMap((each) => each.claimed ?? []);
      return { entries, claimed, isDone, quarantined: quarantined.splice(0) };
    } catch (error) {
      readers.reload(request.select.endpoints);
      throw error;
    }
  };
}
