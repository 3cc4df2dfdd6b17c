/**
 * How long-running things start and stop, how a process learns that it should stop, and how it
 * tells whether it is ready.
 */
export { HEAP_FLAGS } from './heap-flags.ts';
export { loop } from './loop.ts';
export { type Part, type Running, startAll } from './part.ts';
export { type Probe, probing } from './probe.ts';
export { type Condition, type Health, type PartHealth, Readiness } from './readiness.ts';
export { onStopSignal } from './signals.ts';
