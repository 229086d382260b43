/** The layers of the house: imports point down only. `docs/architecture.md` has the picture. */

/** Each room, from the top down, with the rooms it may import from. */
const rooms = {
  cli: ['library', 'usecases', 'config', 'event', 'endpoint', 'shared'],
  library: [
    'usecases',
    'hooks',
    'delivery',
    'spool',
    'journal',
    'command',
    'config',
    'event',
    'endpoint',
    'shared',
  ],
  usecases: ['hooks', 'delivery', 'spool', 'journal', 'event', 'endpoint', 'shared'],
  hooks: ['event', 'endpoint', 'shared'],
  delivery: ['event', 'endpoint', 'shared'],
  spool: ['event', 'endpoint', 'shared'],
  journal: ['shared'],
  command: ['shared'],
  config: ['shared'],
  event: ['shared'],
  endpoint: ['shared'],
  shared: [],
};

const downOnly = Object.entries(rooms).map(([room, below]) => ({
  name: `${room}-looks-down`,
  comment: `src/${room} imports only from ${below.length === 0 ? 'itself' : below.join(', ')}`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: { path: '^src/', pathNot: `^src/(${[room, ...below].join('|')})/` },
}));

/** Each library that does I/O or costs a start has one importer. */
const importers = {
  undici: '^src/delivery/http-sender\\.ts$',
  chalk: '^src/cli/render/style\\.ts$',
  commander: '^src/cli/program\\.ts$',
  'proper-lockfile': '^src/shared/lock-beside\\.ts$',
  yaml: '^src/hooks/',
};

const oneImporter = Object.entries(importers).map(([library, importer]) => ({
  name: `one-importer-of-${library}`,
  severity: 'error',
  from: { path: '^src/', pathNot: importer },
  to: { path: `node_modules/${library}/`, dependencyTypesNot: ['type-only'] },
}));

module.exports = {
  forbidden: [
    ...downOnly,
    ...oneImporter,
    {
      name: 'pure-event',
      comment: 'src/event is on the way of every fire: it loads nothing',
      severity: 'error',
      from: { path: '^src/event/' },
      to: { dependencyTypes: ['core', 'npm'] },
    },
    {
      name: 'use-cases-do-no-io',
      comment: 'a use case sees interfaces; adapters are given to it',
      severity: 'error',
      from: { path: '^src/usecases/' },
      to: {
        path: '^src/(spool/(file/|memory)|delivery/(http|sign|secrets|connection|exchange)|hooks/hooks-file|journal/file)',
      },
    },
    {
      name: 'adapters-know-no-adapters',
      severity: 'error',
      from: { path: '^src/(spool|delivery|journal|command|hooks)/' },
      to: { path: '^src/(spool|delivery|journal|command|hooks)/', pathNot: '^src/$1/' },
    },
    {
      name: 'nothing-imports-index',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^src/index\\.ts$' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, pathNot: '^src/(index|cli/entry-.*)\\.ts$' },
      to: {},
    },
    {
      name: 'no-test-code',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|scripts)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.json'] },
  },
};
