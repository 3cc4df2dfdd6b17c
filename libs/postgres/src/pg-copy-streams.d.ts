// The package brings no types of its own; this is the part that is used here.
declare module 'pg-copy-streams' {
  import type { Readable, Writable } from 'node:stream';
  import type { Submittable } from 'pg';

  /** `callback` is set by the driver when the statement is given to it, to disarm its timeout. */
  export function to(text: string): Readable & Submittable & { callback?: () => void };
  /** Finished when the server has taken all rows. */
  export function from(text: string): Writable & Submittable;
}
