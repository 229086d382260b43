import { init } from '../../library/init.js';
import { CapnhookError } from '../../shared/errors.js';
import type { Io } from '../io/io.js';
import type { Globals } from '../options.js';
import { renderJson } from '../render/json.js';

/** The arguments of `init`. */
export interface InitArguments {
  shared?: boolean | undefined;
  group?: string | undefined;
}

/** `capnhook init`. @throws CapnhookError `USAGE`, or as the library's `init` */
export async function runInit({ shared, group }: InitArguments, globals: Globals, io: Io): Promise<number> {
  if ((shared === true) !== (group !== undefined)) {
    throw new CapnhookError('USAGE', 'Cannot make a shared spool: --shared and --group go together', {
      hint: 'capnhook init --shared --group capnhook',
    });
  }
  const { spool } = await init({ spool: globals.spool, group, env: io.env });
  if (globals.json) io.out(renderJson({ spool }));
  else if (!globals.quiet) io.err(`capnhook: the spool is ${spool}\n`);
  return 0;
}
