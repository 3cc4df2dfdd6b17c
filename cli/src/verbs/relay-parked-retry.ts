import { defineVerb } from '../verb.ts';

/** `relay parked retry`: try what is parked now. */
export const relayParkedRetry = defineVerb({
  name: 'relay parked retry',
  summary: 'have the relay try at once what it has parked',
  description:
    'After its cause is gone, for example the limit of the topic raised. Without an aggregate all of ' +
    'them are tried. What Kafka takes is published from the log, in order, up to its last event.',
  args: [{ name: '[aggregate]', doc: 'only this one: aggregate_type/aggregate_id' }],
  options: {},
  examples: [
    { command: './nova relay parked retry', meaning: 'all of them' },
    {
      command: './nova relay parked retry conversation/550e8400-e29b-41d4-a716-446655440000',
      meaning: 'one of them',
    },
  ],
  async run(invocation) {
    // Loaded only here, so that help and other verbs do not load gRPC.
    const { runParkedRetry } = await import('../relay/run-parked.ts');
    return await runParkedRetry(invocation);
  },
});
