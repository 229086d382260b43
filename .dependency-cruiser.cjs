/** The layers of the house: imports point down only. `docs/architecture.md` has the picture. */

/** Each room, from the top down, with the rooms it may import from. */
const rooms = {
  cli: ['library', 'usecases', 'config', 'event', 'endpoint', 'shared'],
  library: [
    'page',
    'usecases',
    'hooks',
    'routing',
    'delivery',
    'spool',
    'journal',
    'metrics',
    'command',
    'config',
    'event',
    'endpoint',
    'shared',
  ],
  page: ['usecases', 'event', 'shared'],
  usecases: ['routing', 'delivery', 'spool', 'journal', 'event', 'endpoint', 'shared'],
  hooks: ['routing', 'event', 'endpoint', 'shared'],
  routing: ['event', 'endpoint', 'shared'],
  delivery: ['event', 'endpoint', 'shared'],
  spool: ['event', 'endpoint', 'shared'],
  journal: ['shared'],
  metrics: ['shared'],
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

/** Rooms within a room: each imports from its own files and from those before it. */
const floors = {
  'spool/file': [
    'disk',
    'control',
    'setup',
    'lock',
    'batch',
    'accept',
    'endpoints',
    'placing',
    'queue',
    'readers',
    'deliveries',
    'sent',
    'importing',
    'unclaimed',
    'incoming',
    'intake',
    'moves',
    'drain-side',
    'inspection',
    'purge',
  ],
  delivery: ['answer', 'connect', 'request', 'http'],
  hooks: ['parse', 'edit', 'file'],
  page: ['server', 'views', 'routes'],
  'usecases/drain': ['reporting', 'settling', 'obeying', 'intake', 'sending'],
};

const floorByFloor = Object.entries(floors).flatMap(([house, order]) =>
  order.map((room, at) => ({
    name: `${room}-of-${house.replace('/', '-')}-looks-down`,
    comment: `src/${house}/${room} imports from src/${house} only its own files and those of ${order.slice(0, at).join(', ') || 'no other room'}`,
    severity: 'error',
    from: { path: `^src/${house}/${room}/` },
    to: { path: `^src/${house}/(${order.slice(at + 1).join('|') || '(?!)'})/` },
  })),
);

/** Each library that does I/O or costs a start has one importer. */
const importers = {
  undici: '^src/delivery/http/http-transport\\.ts$',
  chalk: '^src/cli/render/style\\.ts$',
  'cli-progress': '^src/cli/render/progress\\.ts$',
  commander: '^src/cli/program\\.ts$',
  'proper-lockfile': '^src/shared/machine/lock-beside\\.ts$',
  yaml: '^src/hooks/',
  hono: '^src/page/',
  '@hono/node-server': '^src/page/page\\.ts$',
  uplot: '^src/page/client/charts\\.ts$',
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
    ...floorByFloor,
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
        path: '^src/(spool/(file|memory)/|delivery/(http|request|connect)/|delivery/http-sender|hooks/|journal/file)',
      },
    },
    {
      name: 'browser-code-stands-alone',
      comment: 'what runs in a browser shares types with the server, and nothing else',
      severity: 'error',
      from: { path: '^src/page/client/' },
      to: { path: '^src/', pathNot: '^src/page/(client/|chart-series\\.ts$)' },
    },
    {
      name: 'server-loads-no-browser-code',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/page/client/' },
      to: { path: '^src/page/client/' },
    },
    {
      name: 'transport-knows-no-secrets',
      comment: 'it is given requests that are prepared',
      severity: 'error',
      from: { path: '^src/delivery/(http|connect)/' },
      to: { path: '^src/(delivery/request|endpoint)/' },
    },
    {
      name: 'adapters-know-no-adapters',
      severity: 'error',
      from: { path: '^src/(spool|delivery|journal|metrics|command|hooks)/' },
      to: { path: '^src/(spool|delivery|journal|metrics|command|hooks)/', pathNot: '^src/$1/' },
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
      from: { orphan: true, pathNot: '^src/(index|cli/entry-.*|page/client/(page|enter))\\.ts$' },
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
