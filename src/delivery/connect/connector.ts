/**
 * Connects a socket to a destination: the name's addresses, the first of them that
 * answers, and TLS. The network policy will sit here, between the look-up and
 * the connecting: it decides on the address that is connected to.
 */
import { isIP, type Socket } from 'node:net';
import { type SecureContext, connect as startTls } from 'node:tls';
import type { ConnectionKey, Destination } from './destination.js';
import type { Names } from './names.js';
import { connectFirst } from './race.js';
import type { Authorities, SystemTrust } from './system-trust.js';

export interface Target {
  destination: Destination;
  /** The time that the attempt has, in ms. */
  timeoutMs: number;
  /** Called when the addresses are known. */
  onAddresses?(): void;
}

/**
 * Connects, and resolves to a socket that can be written to.
 * @throws Error with a code of the system, of TLS or of {@link Names}; the signal's reason. Nothing is left open then
 */
export type Connector = (target: Target, signal: AbortSignal) => Promise<Socket>;

/** Maximum TLS sessions kept for resumption, one for each key: a resumed session is not checked again. */
const maxSessions = 100;

/** Makes the connector of one sender. */
export function createConnector({ names, trust }: { names: Names; trust: SystemTrust }): Connector {
  const sessions = new Map<ConnectionKey, Buffer>();

  function keepSession(key: ConnectionKey, session: Buffer): void {
    sessions.delete(key);
    sessions.set(key, session);
    const [oldest] = sessions.keys();
    if (sessions.size > maxSessions) sessions.delete(oldest!);
  }

  async function addressesOf(
    { destination: { hostname }, timeoutMs }: Target,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    if (isIP(hostname) !== 0) return [hostname];
    return names.addressesOf(hostname, { timeoutMs, signal });
  }

  async function secure(
    { key, hostname }: Destination,
    race: () => Promise<Socket>,
    signal: AbortSignal,
  ): Promise<Socket> {
    const handshake = async ({ context: secureContext }: Authorities): Promise<Socket> => {
      const socket = await race();
      const session = sessions.get(key);
      const onSession = (given: Buffer) => keepSession(key, given);
      return encrypt(socket, { hostname, secureContext, session, onSession, signal });
    };
    const first = trust.authoritiesFor(key);
    try {
      return await handshake(first);
    } catch (error) {
      signal.throwIfAborted();
      sessions.delete(key);
      const others = trust.othersFor({ ...first, error });
      if (others === undefined) throw error;
      const socket = await handshake(others);
      trust.note(key, others);
      return socket;
    }
  }

  return async (target, signal) => {
    const addresses = await addressesOf(target, signal);
    const { destination, timeoutMs } = target;
    const { port, protocol } = destination;
    target.onAddresses?.();
    const race = () => connectFirst(addresses, { port, timeoutMs, signal });
    return protocol === 'https:' ? secure(destination, race, signal) : race();
  };
}

interface TlsOptions {
  hostname: string;
  secureContext: SecureContext | undefined;
  session: Buffer | undefined;
  onSession(session: Buffer): void;
  signal: AbortSignal;
}

/** The certificate has to be for the URL's host, whatever `Host` header is sent. */
function encrypt(
  socket: Socket,
  { hostname, secureContext, session, onSession, signal }: TlsOptions,
): Promise<Socket> {
  const name = hostname.replace(/\.$/, '');
  return new Promise((resolve, reject) => {
    socket.on('error', () => {}); // the TLS socket has it, too
    const secured = startTls({
      socket,
      host: name,
      servername: isIP(name) === 0 ? name : '',
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: true,
      secureContext,
      session,
    });
    const finish = (settle: () => void) => {
      signal.removeEventListener('abort', onAbort);
      secured.off('error', onError);
      settle();
    };
    const onAbort = () => fail(signal.reason as Error);
    const onError = (error: Error) => fail(error);
    const fail = (error: Error) =>
      finish(() => {
        secured.on('error', () => {});
        secured.destroy();
        socket.destroy();
        reject(error);
      });
    secured.on('session', onSession);
    secured.on('error', onError);
    secured.once('secureConnect', () => finish(() => resolve(secured)));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort);
  });
}
