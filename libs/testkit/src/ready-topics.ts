import { waitFor } from './wait-for.ts';

const WITHIN_MS = 20_000;

/** An admin of `@nova/kafka`, as far as topics are made with it. */
export interface TopicMaker<Spec> {
  ensureTopics(specs: readonly Spec[]): Promise<unknown>;
  describe(topics: readonly string[]): Promise<unknown>;
}

/**
 * Creates the topics that are missing, and returns once they can be used.
 *
 * @throws Error naming what did not come, after 20 s each.
 */
export async function readyTopics<Spec extends { readonly topic: string }>(
  admin: TopicMaker<Spec>,
  specs: readonly Spec[],
): Promise<void> {
  // A broker that has just started, beside others that start, takes its time.
  await waitFor(() => admin.ensureTopics(specs).then(() => true), {
    withinMs: WITHIN_MS,
    what: 'new topics',
  });
  // There before each of their partitions has a leader that knows of it.
  await waitFor(() => admin.describe(specs.map(({ topic }) => topic)).then(() => true), {
    withinMs: WITHIN_MS,
    what: 'leaders of new topics',
  });
}
