import { defineVerb } from '../verb.ts';

/** `relay parked list`: what Kafka refuses. */
export const relayParkedList = defineVerb({
  name: 'relay parked list',
  summary: 'aggregates whose next event Kafka refuses',
  description:
    'Lists the aggregates that wait in the log because Kafka takes their next event in no case, for ' +
    'example since the limit of a topic was lowered; all others are published. The relay tries them ' +
    'again by itself; docs/runbooks/relay-parked.md tells what to do. Exit code 1 when there are any.',
  options: {},
  examples: [{ command: './nova relay parked list', meaning: 'all of them, oldest event first' }],
  async run(invocation) {
    // Loaded only here, so that help and other verbs do not load gRPC.
    const { runParkedList } = await import('../relay/run-parked.ts');
    return await runParkedList(invocation);
  },
});
