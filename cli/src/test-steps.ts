/** What `./nova test` can be asked for. Without a word it runs all but torture. */
export const SUITES = ['checks', 'unit', 'int', 'e2e', 'torture'] as const;

/** A word after `./nova test`. */
export type Suite = (typeof SUITES)[number];

/** What runs when no suite is named: everything that must hold before a change goes in. */
export const DEFAULT_SUITES: readonly Suite[] = ['checks', 'unit', 'int', 'e2e'];

/** A program outside the repository that a suite's specs call. */
export type Tool = 'kcat' | 'psql' | 'grpcurl';

/** A check: one program that exits 0 when all is well. It counts as one in the last line. */
export interface CheckStep {
  readonly kind: 'check';
  readonly name: string;
  readonly suite: Suite;
  /** Run with the Node of this process when it ends in .ts, .js or .mjs. */
  readonly command: readonly [program: string, ...args: string[]];
  /** Relative to the root of the repository. */
  readonly directory?: string;
}

/** A jest project: its specs are counted one by one. */
export interface JestStep {
  readonly kind: 'jest';
  readonly name: string;
  readonly suite: Suite;
  readonly project: string;
  readonly tools: readonly Tool[];
  /** Whether specs start servers, whose programs are fetched where they are missing. */
  readonly servers: boolean;
  /** Spec files that run side by side: a number, or a share of the machine's cores. */
  readonly workers: number | `${number}%`;
}

/** One step of `./nova test`. */
export type TestStep = CheckStep | JestStep;

/** Everything `./nova test` runs, in this order; what fails fast comes first. */
export const TEST_STEPS: readonly TestStep[] = [
  {
    kind: 'check',
    name: 'generated documents are up to date',
    suite: 'checks',
    command: ['tools/generate.ts', '--check'],
  },
  {
    kind: 'check',
    name: 'generated code is up to date',
    suite: 'checks',
    command: ['tools/generated-code.ts'],
  },
  {
    kind: 'check',
    name: 'biome',
    suite: 'checks',
    command: ['node_modules/.bin/biome', 'ci', '--colors=off', '.'],
  },
  {
    kind: 'check',
    name: 'types (tsc)',
    suite: 'checks',
    command: ['node_modules/typescript/bin/tsc', '-p', '.'],
  },
  {
    kind: 'check',
    name: 'eslint',
    suite: 'checks',
    command: ['node_modules/eslint/bin/eslint.js', '.'],
  },
  {
    kind: 'check',
    name: 'layers (dependency-cruiser)',
    suite: 'checks',
    command: [
      'node_modules/.bin/depcruise',
      '--config',
      '.dependency-cruiser.cjs',
      'libs',
      'services',
      'examples',
      'cli',
      'proto',
      'bench',
      'deploy',
      'tools',
    ],
  },
  {
    kind: 'check',
    name: 'unused code (knip)',
    suite: 'checks',
    command: ['node_modules/knip/bin/knip.js'],
  },
  {
    kind: 'check',
    name: 'proto style (buf lint)',
    suite: 'checks',
    command: ['node_modules/.bin/buf', 'lint'],
    directory: 'proto',
  },
  {
    kind: 'check',
    name: 'proto compatibility (buf breaking)',
    suite: 'checks',
    command: ['tools/proto-breaking.ts'],
  },
  {
    kind: 'jest',
    name: 'unit specs',
    suite: 'unit',
    project: 'unit',
    tools: [],
    servers: false,
    workers: '100%',
  },
  {
    kind: 'jest',
    name: 'integration specs (real PostgreSQL and Kafka)',
    suite: 'int',
    project: 'int',
    tools: ['kcat', 'psql', 'grpcurl'],
    servers: true,
    // They wait more than they work.
    workers: '100%',
  },
  {
    kind: 'jest',
    name: 'end-to-end specs (real processes)',
    suite: 'e2e',
    project: 'e2e',
    tools: ['kcat', 'psql', 'grpcurl'],
    servers: true,
    // They have processes of their own.
    workers: 1,
  },
  {
    kind: 'jest',
    name: 'torture specs',
    suite: 'torture',
    project: 'torture',
    tools: ['kcat', 'psql', 'grpcurl'],
    servers: true,
    // They have processes of their own.
    workers: 1,
  },
];
