/** The layer rules of the architecture: who may import whom. A row is a room and what it must never reach. */
const never = (name, from, to, comment) => ({
  name,
  severity: 'error',
  comment,
  from: { path: from },
  to: { path: to },
});

const config = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, pathNot: ['^src/main.ts$', '^clients/typescript/src/(index|messages|schemas).ts$'] },
      to: {},
    },
    never('domain-is-pure', '^src/domain/', '^(?!src/domain/)', 'The domain imports nothing but itself.'),
    never(
      'ports-name-things',
      '^src/ports/',
      '^(?!src/(ports|domain|generated)/)',
      'Ports know the domain and the messages.',
    ),
    never(
      'handlers-decide',
      '^src/handlers/',
      '^(?!src/(handlers|domain|ports|generated)/)',
      'Handlers know domain and ports.',
    ),
    never(
      'repos-keep',
      '^src/repos/',
      '^(?!src/(repos|domain|ports)/|node_modules/knex|(node:)?(crypto|zlib)$)',
      'Repositories know domain, ports, knex; a statement is named by the hash of its text, and what is owed is packed.',
    ),
    never(
      'sql-is-in-tables',
      '^src/repos/(?!tables/)',
      '^node_modules/knex',
      'Repositories answer from the identity map; only tables/ writes SQL.',
    ),
    never(
      'tables-know-no-repository',
      '^src/repos/tables/',
      '^src/repos/(?!tables/)',
      'A table is what a repository is loaded from.',
    ),
    never(
      'intake-hands-over',
      '^src/worker/(?!intake/|lane.ts)',
      '^src/worker/intake/',
      'Lanes take what the intake has queued; nothing else knows of it.',
    ),
    never(
      'uow-commits',
      '^src/uow/',
      '^(?!src/(uow|repos|domain|ports)/|node_modules/(knex|pg|@types/pg)|node:|fs|path|url|module|net|tls|os|dns|events|crypto|timers)',
      'Units of work know repositories, knex and pg.',
    ),
    never(
      'adapters-adapt',
      '^src/adapters/',
      '^src/(?!adapters/|domain/|ports/|generated/)',
      'An adapter knows no other room.',
    ),
    never(
      'worker-is-free-of-libraries',
      '^src/worker/',
      '^(?!src/(worker|domain|ports|generated)/|node:|timers|fs/promises)',
      'The worker knows neither knex nor kafkajs.',
    ),
    never(
      'cli-uses-the-container',
      '^src/cli/',
      '^src/(adapters|container|handlers|repos|uow|worker|domain)/',
      'The CLI gets what it needs from the container.',
    ),
    never(
      'clients-stand-alone',
      '^clients/',
      '^(?!clients/|src/generated/|node:|crypto$|timers/promises$|node_modules/(kafkajs|avsc)/)',
      'A client has nothing of the worker but its messages, and no driver of a database.',
    ),
    never('nobody-here-needs-a-client', '^src/', '^clients/', 'The worker knows nothing of its clients.'),
    never(
      'only-the-container-composes',
      '^src/(?!container(.ts|/)|cli/|main.ts)',
      '^src/container(.ts$|/)',
      'Nothing but the CLI asks the container.',
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};

export { config as default };
