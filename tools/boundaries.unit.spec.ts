import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

/** A file that breaks a rule: where it lies, what it imports, and the rule that must report it. */
const VIOLATIONS: readonly [file: string, imports: string, rule: string][] = [
  ['libs/errors/src/a.ts', '../../kafka/src/target.ts', 'layer-errors'],
  ['libs/outbox/src/a.ts', '../../kafka/src/target.ts', 'layer-outbox'],
  ['libs/kafka/src/a.ts', '../../postgres/src/target.ts', 'layer-kafka'],
  ['libs/rpc/src/a.ts', '../../../services/x-service/src/target.ts', 'layer-rpc'],
  ['libs/telemetry/src/a.ts', '../../../proto/src/target.ts', 'proto-only-where-listed'],
  ['libs/postgres/src/b.ts', 'kafkajs', 'owner-of-kafkajs'],
  ['services/x-service/src/rpc/a.ts', 'pg', 'owner-of-pg'],
  ['libs/rpc/src/e.ts', 'ioredis', 'owner-of-ioredis'],
  ['libs/consumer/src/a.ts', '../../redis/src/target.ts', 'layer-consumer'],
  ['cli/src/a.ts', '@grpc/grpc-js', 'owner-of--grpc-'],
  ['services/x-service/src/rpc/d.ts', 'ajv', 'owner-of-ajv'],
  ['libs/schemas/src/a.ts', '../../postgres/src/target.ts', 'layer-schemas'],
  ['examples/x/src/a.ts', 'kafkajs', 'owner-of-kafkajs'],
  ['libs/rpc/src/d.ts', '../../../examples/x/src/target.ts', 'nothing-imports-a-service'],
  ['services/x-service/src/rpc/b.ts', '../../../y-service/src/target.ts', 'no-service-to-service'],
  ['cli/src/b.ts', '../../services/x-service/src/target.ts', 'nothing-imports-a-service'],
  ['services/x-service/src/domain/a.ts', '../rpc/target.ts', 'domain-is-pure'],
  ['services/x-service/src/domain/b.ts', 'node:fs', 'domain-is-pure'],
  [
    'services/x-service/src/domain/c.ts',
    '../../../../libs/outbox/src/index.ts',
    'domain-takes-types-only-of-outbox',
  ],
  ['services/x-service/src/views/a.ts', '../rpc/target.ts', 'views-import-no-rpc'],
  ['services/x-service/src/rpc/c.ts', '../main.ts', 'main-is-imported-by-nothing'],
  ['libs/rpc/src/b.ts', '../../testkit/src/target.ts', 'testkit-only-in-specs'],
  ['libs/rpc/src/c.ts', '../../outbox/src/testing.ts', 'testing-entries-only-in-specs'],
  [
    'deploy/torture/checker/a.ts',
    '../../../libs/outbox/src/index.ts',
    'checker-shares-nothing-with-nova',
  ],
  ['deploy/torture/checker/b.ts', 'kafkajs', 'checker-shares-nothing-with-nova'],
  ['libs/time/src/d.ts', './e.ts', 'no-circular'],
  ['libs/time/src/f.ts', './string-utils.ts', 'no-dumping-ground'],
  ['libs/time/src/g.ts', './missing.ts', 'no-unresolvable'],
];

const TARGETS = [
  'libs/kafka/src/target.ts',
  'libs/postgres/src/target.ts',
  'libs/redis/src/target.ts',
  'libs/testkit/src/target.ts',
  'libs/outbox/src/index.ts',
  'libs/outbox/src/testing.ts',
  'libs/time/src/string-utils.ts',
  'proto/src/target.ts',
  'services/x-service/src/target.ts',
  'services/x-service/src/main.ts',
  'services/x-service/src/rpc/target.ts',
  'services/y-service/src/target.ts',
  'examples/x/src/target.ts',
  'node_modules/kafkajs/index.js',
  'node_modules/pg/index.js',
  'node_modules/ioredis/index.js',
  'node_modules/ajv/index.js',
  'node_modules/@grpc/grpc-js/index.js',
];

interface Report {
  readonly summary: {
    readonly violations: readonly {
      readonly from: string;
      readonly rule: { readonly name: string };
    }[];
  };
}

const root = join(import.meta.dirname, '..');

describe('the import rules', () => {
  let tree = '';
  let reported: readonly string[] = [];

  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(tree, file)), { recursive: true });
    writeFileSync(join(tree, file), text);
  };

  beforeAll(() => {
    tree = mkdtempSync(join(tmpdir(), 'nova-boundaries-'));
    cpSync(join(root, '.dependency-cruiser.cjs'), join(tree, '.dependency-cruiser.cjs'));
    cpSync(join(root, 'tsconfig.json'), join(tree, 'tsconfig.json'));
    for (const target of TARGETS) write(target, 'export const target = 1;\n');
    write('libs/time/src/e.ts', "export { target } from './d.ts';\n");
    for (const [file, imports] of VIOLATIONS) {
      write(file, `import { target } from '${imports}';\nexport const used = target;\n`);
    }
    const json = execFileSync(
      join(root, 'node_modules/.bin/depcruise'),
      [
        '--output-type',
        'json',
        '--config',
        '.dependency-cruiser.cjs',
        'libs',
        'services',
        'examples',
        'cli',
        'proto',
        'deploy',
      ],
      { cwd: tree, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
    );
    // The reporter's own format.
    const report = JSON.parse(json) as Report;
    reported = report.summary.violations.map(({ from, rule }) => `${from}: ${rule.name}`);
  });

  afterAll(() => rmSync(tree, { recursive: true, force: true }));

  it.each(VIOLATIONS)('report %s importing %s as %s', (file, _imports, rule) => {
    expect(reported).toContain(`${file}: ${rule}`);
  });

  it('report nothing about the targets themselves', () => {
    expect(reported.filter((line) => line.includes('target'))).toEqual([]);
  });
});
