import { option } from '../option.ts';
import { defineVerb } from '../verb.ts';

const options = {
  deadLetters: option.flag({
    flags: '--dead-letters',
    doc: 'the topics with copies of events that a consumer had to set aside',
  }),
};

/** `topics`: the event types and their topics. */
export const topics = defineVerb({
  name: 'topics',
  summary: 'the event types and their topics in Kafka',
  description:
    'Lists the catalogue, one topic per event type, with partitions, how long records are kept and ' +
    'how many there are now. The log keeps events for ever; topics do not.',
  args: [{ name: '[event_types...]', doc: 'only these; by default all' }],
  options,
  examples: [
    { command: './nova topics', meaning: 'all of them' },
    {
      command: './nova topics message_created -o json',
      meaning: 'one, with the fields of its events, for scripts',
    },
  ],
  async run(invocation) {
    // Loaded only here, so that help and other verbs do not load the catalogue and a Kafka client.
    const { runTopics } = await import('../topics/run-topics.ts');
    return await runTopics(invocation, invocation.options);
  },
});
