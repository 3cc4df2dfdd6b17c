import type { ImportEvent } from '../irc/import-event.ts';

/** What became of an event: stored now, stored before with the same content, or refused. */
export type EventOutcome =
  | 'new'
  | 'already there'
  | { readonly refused: string; readonly message: string };

/**
 * Stores a batch. Resolves when it is known what became of each event, in the order of the batch;
 * what may pass by itself has been retried until then. Rejects when it cannot be known.
 */
export type PublishBatch = (events: readonly ImportEvent[]) => Promise<readonly EventOutcome[]>;
