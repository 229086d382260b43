import type { Wish } from '../../../spool/spool.js';
import type { DrainPorts } from '../ports.js';

/** Reports what was done because a person asked for it. */
export interface Obedience {
  /** Entries were moved: how many events of each endpoint; of none, by ''. */
  moved(wish: Wish, counts: ReadonlyMap<string, number>): void;
  /** The health of endpoints was changed. */
  changed(wish: Wish, endpoints: readonly string[]): void;
}

/** Makes the reports of a drain that obeys requests. */
export function createObedience({ side, report }: Pick<DrainPorts, 'side' | 'report'>): Obedience {
  return {
    moved({ kind }, counts) {
      for (const [id, count] of counts) {
        if (kind === 'export') report({ kind: 'exported', count });
        else if (kind === 'drop')
          report(id === '' ? { kind: 'dropped', count } : { kind: 'dropped', endpoint: { id }, count });
        else if (kind === 'import')
          report(id === '' ? { kind: 'imported', count } : { kind: 'imported', endpoint: { id }, count });
        else if (id === '') report({ kind: 'restored', events: count });
        else if (kind === 'retry') report({ kind: 'retried', endpoint: { id }, count });
        else if (kind === 'replay') report({ kind: 'replayed', endpoint: { id }, count });
        else report({ kind: 'deregistered', endpoint: { id }, count });
      }
    },
    changed(wish, endpoints) {
      for (const id of endpoints) {
        if (wish.kind === 'pause')
          report({ kind: 'paused', endpoint: { id }, why: side.byId.health(id).paused ?? '' });
        if (wish.kind === 'resume') report({ kind: 'unpaused', endpoint: { id } });
      }
    },
  };
}
