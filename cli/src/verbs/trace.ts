import { defineVerb } from '../verb.ts';

/** `trace`: where an event is, and what every consumer made of it. */
export const trace = defineVerb({
  name: 'trace',
  summary: 'where an event is, and what every consumer made of it',
  description:
    'Follows one event: its place in the log, its record in Kafka (topic, partition, offset, time), ' +
    'and for every registered consumer, of all teams, whether it has applied it, waits, tries again, ' +
    'has parked it or does not subscribe to its type, with times. A consumer that does not answer is ' +
    'shown as unreachable.',
  args: [{ name: '<event_id>', doc: 'UUID of the event, as publish and tail show it' }],
  options: {},
  examples: [
    {
      command: './nova trace 0190b6f4-3c1e-7d2a-9b8f-4e2da6c40f1e',
      meaning: 'one event, from the log to the views',
    },
    {
      command:
        './nova trace "$(./nova tail -o json --until-now --from -1 | jq -r .event_id)" -o json',
      meaning: 'the last event of the log, for a program',
    },
  ],
  async run(invocation) {
    // Loaded only here, so that help and other verbs load neither gRPC nor a Kafka client.
    const { runTrace } = await import('../tracing/run-trace.ts');
    return await runTrace(invocation);
  },
});
