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

export default {
  projects: [
    project('unit', 'unit'),
    project('int', 'int'),
    project('e2e', 'e2e'),
    project('torture', 'torture'),
  ],
};
