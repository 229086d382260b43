import type { CutSignal } from '../../shared/cut.js';
import type { Prepared } from '../prepared.js';
import type { AttemptAnswer, AttemptResult } from '../sender.js';
import type { AnswerListener, Connection } from './connection.js';
import type { Deadlines } from './deadlines.js';

/** Where an exchange has its connection from. */
export interface Connections {
  /** Gives an idle connection, or a new one; undefined where none is made any more. */
  acquire(request: Prepared): Connection | undefined;
  /** Gives a new connection; undefined where none is made any more. */
  open(request: Prepared): Connection | undefined;
  /** Takes back a connection that can be used again. */
  keep(connection: Connection): void;
}

/** One request under way, and what is known of its answer. It is the listener of its connection. */
export interface Exchange extends AnswerListener {
  readonly request: Prepared;
  readonly connections: Connections;
  readonly deadlines: Deadlines<Exchange>;
  readonly signal: CutSignal | undefined;
  readonly onAbort: () => void;
  readonly onStatusRead: () => void;
  readonly resolve: (result: AttemptResult) => void;
  connection: Connection | undefined;
  /** The ticks of the deadlines of the whole exchange, and of the rest of its answer. */
  deadline: number | undefined;
  restDeadline: number | undefined;
  /** Whether bytes of an answer have come. */
  isHeard: boolean;
  /** Whether the connection was used before, and nothing of the answer has come: it may have been closed meanwhile. */
  isInDoubt: boolean;
  answer: AttemptAnswer | undefined;
  /** The body of a failed answer. */
  body: Buffer[] | undefined;
  /** Bytes of the body, of any answer. */
  bytes: number;
  /** Whether the result was given. */
  isSettled: boolean;
  /** Whether the connection was given back or destroyed. */
  isOver: boolean;
  onRestOver: (() => void) | undefined;
}
