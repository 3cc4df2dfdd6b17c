import { option } from '../option.ts';
import { CONDITION_FORMS } from '../publishing/condition-text.ts';
import { defineVerb } from '../verb.ts';

const options = {
  payload: option.text({
    flags: '-p, --payload <json>',
    doc: 'JSON object, @FILE, or - for standard input',
  }),
  aggregateType: option.text({
    flags: '--aggregate-type <type>',
    doc: 'checked when given; it follows from the event type',
  }),
  eventId: option.text({
    flags: '--event-id <uuid>',
    doc: 'the same id and content again is answered with the stored event',
  }),
  requestId: option.text({
    flags: '--request-id <uuid>',
    doc: 'the same request again gets the same answer for 7 days',
  }),
  correlationId: option.text({ flags: '--correlation-id <id>', doc: 'what it belongs to' }),
  causationId: option.text({ flags: '--causation-id <id>', doc: 'what it follows from' }),
  occurredAt: option.text({
    flags: '--occurred-at <time>',
    doc: 'when it happened, such as 2024-03-09T21:02:00Z; by default now',
  }),
  notBefore: option.text({
    flags: '--not-before <time>',
    doc: 'kept until this time and appended then',
  }),
  expiresAt: option.text({
    flags: '--expires-at <time>',
    doc: 'without effects after this time, and never appended if it still waits then',
  }),
  metadata: option.list({ flags: '--metadata <key=value>', doc: 'may be given several times' }),
  condition: option.text({
    flags: '--condition <condition>',
    doc: `what must hold for the aggregate: ${CONDITION_FORMS}`,
  }),
};

const CONVERSATION = '550e8400-e29b-41d4-a716-446655440000';
const USER = '3f2b8c6d-1a4e-4f7b-9c5d-8e6f7a0b1c2d';

/** `publish`: store an event by hand. */
export const publish = defineVerb({
  name: 'publish',
  summary: 'store an event by hand',
  description:
    'Stores one event through events-service and prints where it stands; the relay then publishes ' +
    'it to Kafka. ./nova topics lists the event types, docs/events.md their fields. What is wrong ' +
    'with an event is named by the path of its field.',
  args: [
    { name: '<event_type>', doc: 'a type of the catalogue, or an alias such as message.sent' },
    { name: '[aggregate_id]', doc: 'may be left out where it is derived from the payload' },
  ],
  options,
  examples: [
    {
      command: `./nova publish user_created ${USER} --payload '{"username":"petra"}'`,
      meaning: 'a user',
    },
    {
      command:
        `./nova publish message_created ${CONVERSATION} --payload ` +
        `'{"message_id":"7d5a3c1e-9b8f-4e2d-a6c4-0f1e2d3c4b5a","sender_id":"${USER}","content":"hello"}'`,
      meaning: 'a message, as with grpcurl',
    },
    {
      command: `echo '{"username":"petra","bio":"reads"}' | ./nova publish user_updated ${USER} -p - -o json`,
      meaning: 'the payload from standard input, the answer as JSON',
    },
    {
      command: `./nova publish user_updated ${USER} -p '{"bio":"on leave"}' --not-before 2027-01-01T08:00:00Z`,
      meaning: 'an event for later',
    },
  ],
  async run(invocation) {
    // Loaded only here, so that help and other verbs do not load gRPC.
    const { runPublish } = await import('../publishing/run-publish.ts');
    return await runPublish(invocation, invocation.options);
  },
});
