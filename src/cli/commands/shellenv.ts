import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { spoolPath } from '../../config/paths.js';
import { packageRoot } from '../../shared/machine/package-info.js';
import type { Io } from '../io/io.js';
import type { Globals } from '../options.js';
import { renderShellenv } from '../render/shellenv.js';

/** `capnhook shellenv`. @throws CapnhookError `USAGE` if `--spool` is empty or not a usable path */
export async function runShellenv(globals: Globals, io: Io): Promise<number> {
  const source = readFileSync(join(packageRoot(), 'shell/capnhook-fire.sh'), 'utf8');
  const spool = globals.spool === undefined ? undefined : spoolPath(io.env, globals.spool);
  io.print(renderShellenv(source, spool));
  return 0;
}
