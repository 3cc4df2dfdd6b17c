/** Clock, waiting and backoff: everything that depends on the passing of time takes it from here. */
export { type Backoff, backoffMs } from './backoff.ts';
export { type Clock, systemClock } from './clock.ts';
export { withDeadline } from './deadline.ts';
export { errors } from './errors.ts';
export { Signal } from './signal.ts';
export { sleep } from './sleep.ts';
