import { option } from '../option.ts';
import { defineVerb } from '../verb.ts';

const OWN =
  'An outbox is in the database of its service, which is found as the service finds it: by ' +
  'NOVA_<SERVICE>_DATABASE_URL, or the same with _FILE. docs/use-in-your-service.md.';

const service = { name: '<service>', doc: 'the service whose own outbox is meant: orders' };

/** `outbox status`: how far a team's outbox is forwarded. */
export const outboxStatus = defineVerb({
  name: 'outbox status',
  summary: "how far the outbox of a team's own service is forwarded",
  description:
    'What is committed there and not yet in the log of nova, and what nova refuses. Exit code 1 when ' +
    `something is refused, or waits while no instance forwards. ${OWN}`,
  args: [service],
  options: {},
  examples: [{ command: './nova outbox status orders', meaning: 'that of examples/orders' }],
  async run(invocation) {
    // Loaded only here, as in the others, so that help does not load the driver.
    const { runOutboxStatus } = await import('../outbox/run-outbox.ts');
    return await runOutboxStatus(invocation);
  },
});

/** `outbox parked list`: what nova refuses. */
export const outboxParkedList = defineVerb({
  name: 'outbox parked list',
  summary: 'aggregates whose next event nova refuses',
  description:
    'Lists the aggregates of the service whose next event nova does not take, for example because its ' +
    'type is not registered. Their later events wait behind it, in order; all others are forwarded. ' +
    `They are tried again by themselves. Exit code 1 when there are any. ${OWN}`,
  args: [service],
  options: {
    count: option.integer({
      flags: '-n, --count <aggregates>',
      doc: 'the first so many, longest waiting first',
      default: 100,
      min: 1,
      max: 10_000,
    }),
  },
  examples: [
    { command: './nova outbox parked list orders', meaning: 'with the reason that nova gave' },
    {
      command: './nova outbox parked list orders -o json',
      meaning: 'with event ids and the time of the next attempt, for scripts',
    },
  ],
  async run(invocation) {
    const { runOutboxParked } = await import('../outbox/run-outbox.ts');
    return await runOutboxParked(invocation, invocation.options.count);
  },
});

/** `outbox parked retry`: try what is refused now. */
export const outboxParkedRetry = defineVerb({
  name: 'outbox parked retry',
  summary: 'have what nova refuses tried at once',
  description:
    'After its cause is gone, for example the event type registered: the forwarder sends it in its ' +
    `next round, with all that waits behind it. ${OWN}`,
  args: [service, { name: '[aggregate]', doc: 'only this one: aggregate_type/aggregate_id' }],
  options: {},
  examples: [{ command: './nova outbox parked retry orders', meaning: 'all of them' }],
  async run(invocation) {
    const { runOutboxRetry } = await import('../outbox/run-outbox.ts');
    return await runOutboxRetry(invocation);
  },
});
