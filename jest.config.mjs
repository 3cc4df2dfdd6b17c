const project = (displayName, pattern, more = {}) => ({
  displayName,
  testMatch: [`<rootDir>/{proto,libs,services,cli,deploy,bench,tools}/**/*.${pattern}.spec.ts`],
  testPathIgnorePatterns: ['/node_modules/', '/.nova/'],
  modulePathIgnorePatterns: ['<rootDir>/.nova/'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node'],
  transform: { '\\.ts$': '<rootDir>/tools/jest-strip-types.mjs' },
  ...more,
});

const servers = {
  globalSetup: '<rootDir>/tools/jest-global-setup.mjs',
  globalTeardown: '<rootDir>/tools/jest-global-teardown.mjs',
};

export default {
  // Servers start within a spec's time, on two busy cores too. jest takes it from here only.
  testTimeout: 60_000,
  projects: [
    project('unit', 'unit'),
    project('int', 'int', servers),
    project('e2e', 'e2e', servers),
    project('torture', 'torture', servers),
  ],
};
