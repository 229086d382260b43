/** The description of every command: its arguments, its help, and the function that runs it. */
import type { CommandSpec } from './command-spec.js';
import { exchangeCommands } from './exchange-commands.js';
import { drainOptions, fireOptions, metricsOption, runOptions, statusOptions } from './options.js';
import { acceptedOptions, endpointOption, hookOption } from './selection-options.js';
import { steerCommands } from './steer-commands.js';

export const commands: readonly CommandSpec[] = [
  {
    name: 'fire',
    positionals: [
      ['[hook|url]', "the hook's name, or a URL that gets the event instead"],
      ['[file|-]', 'the payload, JSON in UTF-8; - is standard input'],
    ],
    summary: 'queue an event; exit 0 means it is durable',
    options: fireOptions,
    examples: [
      'capnhook fire complete payload.json',
      `capnhook fire --to https://example.com/in -d '{"id":1}'`,
    ],
    notes:
      'With --to, one argument is the payload, and two are the hook and the payload.\nStandard input is read only where - says so.',
    async run({ positionals, options, globals, io }) {
      const { runFire } = await import('./commands/fire.js');
      const { requireHook } = await import('../library/require-hook.js');
      return runFire({ positionals, ...options }, globals, io, requireHook);
    },
  },
  {
    name: 'run',
    positionals: [
      ['<name>', 'the beginning of the hook: NAME.succeeded or NAME.failed'],
      ['<command...>', 'the command with its arguments, after --'],
    ],
    summary: 'run a command, and queue an event about how it ended',
    options: runOptions,
    examples: [
      'capnhook run backup -- tar -czf /backup.tar.gz /home',
      'capnhook run nightly --only-failures --tail 4k -- ./nightly.sh',
    ],
    notes:
      "Input, output, signals and the exit code are the command's own: 128 + n for signal n, 127 if it is not found, 126 if\nit cannot be run. It is run whether the event can be queued or not.",
    async run({ positionals: [name = '', ...command], options, globals, io }) {
      const { runRun } = await import('./commands/run.js');
      return runRun({ names: [name], command, ...options }, globals, io);
    },
  },
  {
    name: 'register',
    positionals: [
      ['<hook>', "a hook's name or a pattern: build.*, **"],
      ['<url|->', 'the URL, or the name of an endpoint in the hooks file; - reads it from standard input'],
    ],
    summary: 'send the events of a hook to a URL',
    options: {},
    examples: [
      'capnhook register complete https://example.com/in',
      "capnhook register 'build.*' - < url.txt",
    ],
    async run({ positionals: [hook = '', url = ''], globals, io }) {
      const { runRegister } = await import('./commands/register.js');
      return runRegister({ hook, url }, globals, io);
    },
  },
  {
    name: 'deregister',
    positionals: [
      ['<url|endpoint>', 'a URL, or the name or id of an endpoint; - reads it from standard input'],
      ['[hook]', 'only from this hook or pattern; it may stand first'],
    ],
    summary: 'stop sending events to a URL, and move what is queued for it to dead/',
    options: {
      ...hookOption,
      keep: { type: 'boolean', help: 'leave what is queued for it where it is, on hold' },
      'dry-run': { type: 'boolean', help: 'change nothing, and report what would be changed' },
    },
    examples: [
      'capnhook deregister https://example.com/in',
      'capnhook deregister build.failed chat --dry-run',
    ],
    notes: 'What names the URL itself, or has another hook that it is still registered for, stays queued.',
    async run({ positionals, options, globals, io }) {
      const { runDeregister } = await import('./commands/deregister.js');
      const { 'dry-run': dryRun, ...others } = options;
      return runDeregister({ words: positionals, dryRun, ...others }, globals, io);
    },
  },
  {
    name: 'targets',
    positionals: [['[hook]', "a hook's name; without one, every registration"]],
    summary: 'list the receivers of an event',
    options: {},
    examples: ['capnhook targets', 'capnhook targets build.failed --json'],
    async run({ positionals: [hook], globals, io }) {
      const { runTargets } = await import('./commands/targets.js');
      return runTargets({ hook }, globals, io);
    },
  },
  {
    name: 'list',
    positionals: [],
    summary: 'list what the spool holds, one line each',
    options: {
      ...endpointOption,
      ...hookOption,
      state: {
        type: 'string',
        value: 'STATES',
        help: 'only in these: incoming, queued, parked, paused, on-hold, retry, unclaimed, dead, corrupt, sent; with commas (default: all but sent)',
      },
      ...acceptedOptions,
      limit: { type: 'string', value: 'N', help: 'the most that are shown' },
    },
    examples: [
      'capnhook list --endpoint chat --state parked,retry',
      'capnhook list --state dead --since 2h --json',
    ],
    notes: 'Each line: id, state, hook, endpoint, age, failed attempts, reason.',
    async run({ options, globals, io }) {
      const { runList } = await import('./commands/list.js');
      return runList(options, globals, io);
    },
  },
  {
    name: 'show',
    positionals: [['<id>', "the event's id, or the beginning of it; of a batch <id>_<n>"]],
    summary: 'show one event: its payload, its deliveries and every attempt',
    options: { body: { type: 'boolean', help: 'print the bytes of the payload, and nothing else' } },
    examples: ['capnhook show evt_01KB9Q3V7R', 'capnhook show evt_01KB9Q3V7R --body | jq .'],
    notes: 'Of what was delivered it shows as much as the journal knows.',
    async run({ positionals: [id = ''], options, globals, io }) {
      const { runShow } = await import('./commands/show.js');
      return runShow({ id, ...options }, globals, io);
    },
  },
  {
    name: 'log',
    positionals: [],
    summary: 'show what was attempted, and what became of it',
    options: {
      follow: {
        type: 'boolean',
        short: 'f',
        help: 'go on with what is written; begins with the last ten lines',
      },
      failed: { type: 'boolean', help: 'only attempts that failed, and what was given up' },
      summary: { type: 'boolean', help: 'failed attempts, grouped by reason' },
      ...endpointOption,
      ...hookOption,
      since: { type: 'string', value: 'TIME', help: 'only at this time or later: ISO 8601, or 2h' },
    },
    examples: ['capnhook log -f --failed', 'capnhook log --summary --since 1d'],
    notes: 'Each line: time, what happened, endpoint, hook, event, attempt, status, duration, reason.',
    async run({ options, globals, io }) {
      const { runLog } = await import('./commands/log.js');
      return runLog(options, globals, io);
    },
  },
  {
    name: 'drain',
    positionals: [],
    summary: 'send what is queued, once or continuously',
    options: drainOptions,
    examples: ['capnhook drain', 'capnhook drain --wait 5m'],
    notes:
      'Exit code 0: nothing is left; 75: something is still queued, or another drain is running; 69: something was given up.',
    async run({ options, globals, io }) {
      const { runDrain } = await import('./commands/drain.js');
      return runDrain(options, globals, io);
    },
  },
  {
    name: 'start',
    positionals: [],
    summary: 'start a drain in the background',
    options: {
      log: { type: 'string', value: 'FILE', help: 'the log file (default: <spool>.log)' },
      adopt: { type: 'boolean', help: 'take over a spool that belongs to another hooks file' },
      metrics: metricsOption,
    },
    examples: ['capnhook start', 'capnhook start --log /var/log/capnhook.log'],
    async run({ options, globals, io }) {
      const { runStart } = await import('./commands/daemon.js');
      return runStart(options, globals, io);
    },
  },
  {
    name: 'stop',
    positionals: [],
    summary: 'stop the drain that is running, and wait until it has ended',
    options: { timeout: { type: 'string', value: 'DURATION', help: 'how long to wait (default: 30s)' } },
    examples: ['capnhook stop', 'capnhook stop --timeout 5m'],
    async run({ options, globals, io }) {
      const { runStop } = await import('./commands/daemon.js');
      return runStop(options, globals, io);
    },
  },
  {
    name: 'status',
    positionals: [['[endpoint]', 'a URL, or the name or id of an endpoint; without it, all']],
    summary: 'show who drains, what waits for whom, and what stands in the way',
    options: statusOptions,
    examples: ['capnhook status', 'capnhook status chat --json'],
    async run({ positionals: [endpoint], options, globals, io }) {
      const { runStatus } = await import('./commands/status.js');
      return runStatus({ endpoint, ...options }, globals, io);
    },
  },
  {
    name: 'dashboard',
    positionals: [],
    summary: 'show all of it on a page in a browser, and steer it there',
    options: {
      listen: { type: 'string', value: 'ADDRESS', help: 'the host and port (default: 127.0.0.1:8710)' },
      open: { type: 'boolean', help: 'open it in a browser' },
      'read-only': { type: 'boolean', help: 'nothing can be changed there' },
    },
    examples: ['capnhook dashboard --open', 'capnhook dashboard --listen 127.0.0.1:0 --read-only'],
    notes:
      'It prints an address with a token, which is a secret: with it, anybody can do what you can. To reach it from another\nmachine: ssh -L 8710:127.0.0.1:8710 HOST, and open the address that was printed.',
    async run({ options, globals, io }) {
      const { runDashboard } = await import('./commands/dashboard.js');
      return runDashboard(options, globals, io);
    },
  },
  ...steerCommands,
  ...exchangeCommands,
  {
    name: 'init',
    positionals: [],
    summary: 'create the spool before its first use, or a shared one',
    options: {
      shared: { type: 'boolean', help: 'a group may fire into it, and nothing else' },
      group: { type: 'string', value: 'GROUP', help: 'the group' },
    },
    examples: ['capnhook init', 'capnhook init --spool /var/spool/capnhook --shared --group capnhook'],
    async run({ options, globals, io }) {
      const { runInit } = await import('./commands/init.js');
      return runInit(options, globals, io);
    },
  },
  {
    name: 'shellenv',
    positionals: [],
    summary: 'print capnhook_fire, a shell function that queues an event without starting Node',
    options: {},
    examples: [
      'capnhook shellenv > capnhook-fire.sh',
      'capnhook shellenv --spool /var/spool/capnhook > capnhook-fire.sh',
    ],
    notes:
      'eval "$(capnhook shellenv)", or . ./capnhook-fire.sh, defines capnhook_fire HOOK FILE|- in dash, bash, busybox ash\nand zsh. It fires as capnhook fire does, with its exit codes, and does not check the payload. Without --spool the\nenvironment says into which spool.',
    async run({ globals, io }) {
      const { runShellenv } = await import('./commands/shellenv.js');
      return runShellenv(globals, io);
    },
  },
];
