/**
 * For specs: views without a database. {@link MemoryViews} folds events with the code that consumers
 * use; {@link recorded} makes events of what the log would accept; {@link goldenProblem} holds a
 * view's result to what it was, unless its version is raised; {@link fieldProblems} holds the fields
 * that readers declare to those that they read.
 */
export { differences, fieldProblems, watchPayload } from './testing/fields.ts';
export { goldenProblem } from './testing/golden.ts';
export { MemoryViews } from './testing/memory-views.ts';
export { type EventRecord, readRecords, recorded } from './testing/recorded-events.ts';
