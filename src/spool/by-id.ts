/**
 * What is asked of an endpoint by its id, whether this drain owns it or not:
 * what it is owed, its health, and deliveries on hold.
 */
import type { Health } from '../endpoint/health.js';
import type { SaveHealthOptions } from './queues.js';

export interface EndpointsById {
  /** Endpoints that are owed anything at all. */
  owing(): readonly string[];
  /** Deliveries owed to an endpoint, claimed ones included. */
  owed(endpoint: string): Promise<number>;
  /** The earliest time (ms) at which a retry of an endpoint becomes due, if any waits. */
  nextDue(endpoint: string): number | undefined;
  health(endpoint: string): Health;
  /**
   * Losing what was saved loses back-off history and nothing else.
   * @param options.isImmediate whether it lasts, should the process end, when it resolves; default false: a second later
   * @param options.isDurable whether it lasts, should the power fail, when it resolves; default false
   */
  saveHealth(endpoint: string, health: Health, options?: SaveHealthOptions): Promise<void>;
  /** Lets deliveries on hold be claimed again: those of an endpoint, or all. */
  resume(endpoint?: string): void;
  /**
   * Puts all that an endpoint is owed on hold, unread; to be called before anything of it is claimed.
   * @param mark what {@link EndpointsById.queueMark} told when all of it was on hold
   * @returns whether the queue looks as it did then; otherwise nothing is done
   */
  holdAll(endpoint: string, mark: string): boolean;
  /** How an endpoint's queue looks, to tell later whether deliveries came or went; undefined where that cannot be told. */
  queueMark(endpoint: string): string | undefined;
  /** How many deliveries of an endpoint this drain has put on hold. */
  onHold(endpoint: string): number;
}
