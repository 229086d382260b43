/** The commands that carry events from one spool to another. */
import type { CommandSpec } from './command-spec.js';
import { acceptedOptions, endpointOption, hookOption } from './selection-options.js';

export const exchangeCommands: readonly CommandSpec[] = [
  {
    name: 'export',
    positionals: [['<file|->', 'a new file; - is standard output']],
    summary: 'copy what the spool holds to an archive, or move it there',
    options: {
      ...endpointOption,
      ...hookOption,
      id: {
        type: 'string',
        multiple: true,
        value: 'ID',
        help: 'only this event: its id, or the beginning of it; may be repeated',
      },
      state: {
        type: 'string',
        value: 'STATES',
        help: 'only in these: incoming, queued, retry, unclaimed, dead; with commas (default: all)',
      },
      ...acceptedOptions,
      move: { type: 'boolean', help: 'remove from the spool what is in the archive, once that is durable' },
    },
    examples: ['capnhook export --move left.capnhook', 'capnhook export - | ssh host capnhook import -'],
    notes:
      'A copy changes nothing. --move takes what is selected out of the queues first, so that nothing is both sent from here\nand exported; what is in flight stays.',
    async run({ positionals: [to = ''], options, globals, io }) {
      const { runExport } = await import('./commands/export.js');
      return runExport({ to, ...options }, globals, io);
    },
  },
  {
    name: 'import',
    positionals: [['<file|->', 'an archive of capnhook export; - is standard input']],
    summary: 'add the events of an archive, with their endpoints and attempts',
    options: {},
    examples: ['capnhook import left.capnhook', 'capnhook import - < left.capnhook'],
    notes:
      'The archive is checked first: of one that is not whole nothing is imported (exit code 65). What is there already is\nnot added again, so an import can be repeated.',
    async run({ positionals: [from = ''], globals, io }) {
      const { runImport } = await import('./commands/import.js');
      return runImport({ from }, globals, io);
    },
  },
];
