import { join } from 'node:path';
import { systemClock } from '../../shared/clock.js';
import { packageRoot } from '../../shared/machine/package-info.js';
import { randomBytes } from '../../shared/machine/random.js';
import type { InspectOptions } from '../inspect-options.js';
import { existingSpoolPath } from '../open-spool.js';
import { createDashboardData } from './dashboard-data.js';

export interface DashboardOptions extends Omit<InspectOptions, 'showUrls'> {
  /** Where it listens, as `host:port`; port 0 is one that is free. Default `127.0.0.1:8710`. */
  listen?: string | undefined;
  /** Whether nothing can be changed by it; default false. */
  readOnly?: boolean | undefined;
  /** Called with an error that is a bug; the page says where it is reported. Default: nothing. */
  onBug?: ((error: unknown) => void) | undefined;
}

/** A dashboard that is served. */
export interface Dashboard {
  /** Such as `http://127.0.0.1:8710`. */
  origin: string;
  /** The address that lets a browser in. Its token is a secret: who has it may do what this user may. */
  url: string;
  /** Whether other machines can reach it. */
  isPublic: boolean;
  /** Writes a private file that lets one browser in, once, within two minutes. */
  writeOpeningFile(): { path: string; remove(): void };
  /** Ends it. */
  close(): Promise<void>;
}

/**
 * Serves a page that shows a spool and steers it, until it is closed.
 * @throws CapnhookError `USAGE`; `SPOOL_CREATE` for a named spool that is missing; `TEMPORARY` where another program
 *   listens there; `PERMISSION`
 */
export async function dashboard(options: DashboardOptions = {}): Promise<Dashboard> {
  const {
    listen = '127.0.0.1:8710',
    readOnly = false,
    onBug = () => {},
    spool: asked,
    config,
    env = process.env,
  } = options;
  const spool = existingSpoolPath(env, { asked, doing: 'show the dashboard' });
  const { startPage } = await import('../../page/page.js');
  const { monotonic, now } = systemClock;
  return startPage(listen, {
    data: createDashboardData({ spool: asked, config, env }, spool),
    assetsPath: join(packageRoot(), 'dist/page'),
    random: randomBytes,
    isReadOnly: readOnly,
    onBug,
    spool,
    monotonic,
    now,
  });
}
