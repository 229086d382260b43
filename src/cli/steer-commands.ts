/** The commands that steer what is queued, and what is dead. */
import type { CommandSpec } from './command-spec.js';
import type { OptionSpecs } from './options.js';
import { acceptedOptions, endpointOption, hookOption } from './selection-options.js';

const dryRun: OptionSpecs = {
  'dry-run': { type: 'boolean', help: 'change nothing, and report what would be changed' },
};
const yes: OptionSpecs = { yes: { type: 'boolean', help: 'do not ask' } };
const ids = [
  '[id...]',
  'ids of events, or their beginnings; the id of a batch means all its events',
] as const;

export const steerCommands: readonly CommandSpec[] = [
  {
    name: 'retry',
    positionals: [ids],
    summary: 'send now what is parked, deferred, dead or unclaimed',
    options: {
      ...endpointOption,
      ...hookOption,
      ...acceptedOptions,
      dead: { type: 'boolean', help: 'only dead ones; with --unclaimed both' },
      unclaimed: { type: 'boolean', help: 'only unclaimed events; with --dead both' },
      reason: {
        type: 'string',
        value: 'REASON',
        help: 'only those that are dead for this reason: dropped, gave-up, …',
      },
      all: { type: 'boolean', help: 'everything' },
      ...dryRun,
    },
    examples: ['capnhook retry --endpoint chat', 'capnhook retry --dead --since 2h --dry-run'],
    notes:
      'A drain that runs does it within a second. Where none runs, this command makes a pass, and ends as capnhook drain does.\nIt ends the pause of an answer (410), and not that of capnhook pause.',
    async run({ positionals, options, globals, io }) {
      const { runRetry } = await import('./commands/retry.js');
      return runRetry({ ids: positionals, ...options }, globals, io);
    },
  },
  {
    name: 'replay',
    positionals: [ids],
    summary: 'send again what was delivered and kept',
    options: {
      ...endpointOption,
      ...hookOption,
      since: {
        type: 'string',
        value: 'TIME',
        help: 'only what was delivered at this time or later: 2h, 2026-11-30T12:00Z',
      },
      older: { type: 'string', value: 'TIME', help: 'only what was delivered before: 2h, 2026-11-30' },
      rate: { type: 'string', value: 'RATE', help: 'at most this fast to each endpoint: 10/s, 100/m' },
      all: { type: 'boolean', help: 'everything that is kept' },
      ...dryRun,
    },
    examples: [
      'capnhook replay --since 2h --endpoint chat --dry-run',
      'capnhook replay --since 2026-11-30T12:00Z --hook build.failed --rate 10/s',
    ],
    notes:
      'What is kept, and for how long, says sent in the hooks file. It is sent with the webhook-id that it had, so that a\nreceiver that has it already can leave it out.',
    async run({ positionals, options, globals, io }) {
      const { runReplay } = await import('./commands/replay.js');
      return runReplay({ ids: positionals, ...options }, globals, io);
    },
  },
  {
    name: 'drop',
    positionals: [ids],
    summary: 'move what is queued to dead/',
    options: {
      ...endpointOption,
      ...hookOption,
      ...acceptedOptions,
      all: { type: 'boolean', help: 'everything' },
      ...dryRun,
      ...yes,
    },
    examples: ['capnhook drop --endpoint chat --older 30d', 'capnhook drop --hook build.failed --dry-run'],
    notes: 'It says how much first, and asks. capnhook retry --reason dropped takes it back.',
    async run({ positionals, options, globals, io }) {
      const { runDrop } = await import('./commands/drop.js');
      return runDrop({ ids: positionals, ...options }, globals, io);
    },
  },
  {
    name: 'flush',
    positionals: [],
    summary: 'another word for drop --all',
    options: { ...hookOption, ...dryRun, ...yes },
    examples: ['capnhook flush', 'capnhook flush --hook complete --yes'],
    notes: 'To send what is queued now, instead of giving it up: capnhook retry --all',
    async run({ options, globals, io }) {
      const { runFlush } = await import('./commands/drop.js');
      return runFlush(options, globals, io);
    },
  },
  {
    name: 'purge',
    positionals: [ids],
    summary: 'remove for good what is dead, unclaimed, sent or corrupt',
    options: {
      dead: { type: 'boolean', help: 'what is in dead/' },
      unclaimed: { type: 'boolean', help: 'what is in unclaimed/' },
      sent: { type: 'boolean', help: 'what was delivered and is kept in sent/' },
      corrupt: { type: 'boolean', help: 'what is in corrupt/; an ID is the beginning of a name there' },
      ...endpointOption,
      ...hookOption,
      older: { type: 'string', value: 'TIME', help: 'only what has been there for longer: 30d, 2026-11-30' },
      ...dryRun,
      ...yes,
    },
    examples: ['capnhook purge --dead --older 30d', 'capnhook purge --corrupt --dry-run'],
    notes: 'It says how much first, and asks. It cannot be undone. What is queued stays: drop it first.',
    async run({ positionals, options, globals, io }) {
      const { runPurge } = await import('./commands/purge.js');
      return runPurge({ ids: positionals, ...options }, globals, io);
    },
  },
  {
    name: 'pause',
    positionals: [['<endpoint...>', 'names, ids or URLs of endpoints; - reads a URL from standard input']],
    summary: 'send nothing to an endpoint; what is queued for it is kept',
    options: {
      until: {
        type: 'string',
        value: 'TIME',
        help: 'when the pause ends by itself: 2h from now, 2026-11-30T18:00Z',
      },
      why: { type: 'string', value: 'TEXT', help: 'why, for those who read it' },
      ...dryRun,
    },
    examples: ['capnhook pause chat', "capnhook pause chat --until 2h --why 'it is moved'"],
    async run({ positionals, options, globals, io }) {
      const { runPause } = await import('./commands/pause.js');
      return runPause({ endpoints: positionals, ...options }, globals, io);
    },
  },
  {
    name: 'resume',
    positionals: [['<endpoint...>', 'names, ids or URLs of endpoints; - reads a URL from standard input']],
    summary: 'end the pause of an endpoint, also that of a 410',
    options: { ...dryRun },
    examples: ['capnhook resume chat', 'capnhook resume chat audit'],
    async run({ positionals, options, globals, io }) {
      const { runResume } = await import('./commands/pause.js');
      return runResume({ endpoints: positionals, ...options }, globals, io);
    },
  },
];
