import { option } from '../option.ts';
import { defineVerb } from '../verb.ts';

const NAME = { name: '<name>', doc: 'of the subscription' };
const STRATEGIES = ['round-robin', 'single', 'pinned'] as const;
const UNCHANGED = -1;

const strategyDoc =
  'which of several consumers gets an event; always in the order of its aggregate';

/** `subscribe create`: a subscription that the service keeps. */
export const subscribeCreate = defineVerb({
  name: 'subscribe create',
  summary: 'make a subscription that the service keeps',
  description:
    'events-service keeps what its consumers have acknowledged, over restarts of both. Made again as ' +
    'it is, it stays as it is. services/events-service/README.md tells how services consume it.',
  args: [NAME, { name: '[event_types...]', doc: 'only these types; by default all' }],
  options: {
    aggregateType: option.list({
      flags: '--aggregate-type <type>',
      doc: 'only of such aggregates',
    }),
    aggregate: option.text({ flags: '--aggregate <id>', doc: 'only of this aggregate' }),
    prefix: option.text({ flags: '--prefix <text>', doc: 'only of aggregates whose id begins so' }),
    tenant: option.text({ flags: '--tenant <name>', doc: 'only of this tenant' }),
    from: option.text({
      flags: '--from <point>',
      doc: 'where to begin: beginning, now, a position, or a time (RFC 3339); by default now',
    }),
    strategy: option.choice({
      flags: '--strategy <name>',
      doc: strategyDoc,
      choices: STRATEGIES,
      default: 'round-robin',
    }),
    ackTimeout: option.integer({
      flags: '--ack-timeout <seconds>',
      doc: 'what is not settled by then is handed out again',
      default: 30,
      min: 1,
      max: 3600,
    }),
    maxAttempts: option.integer({
      flags: '--max-attempts <count>',
      doc: 'handed out so often without an acknowledgement an event is parked; 0 = never',
      default: 10,
      max: 1000,
    }),
  },
  examples: [
    {
      command: './nova subscribe create mailer message_created --from beginning',
      meaning: 'all messages, from the first on',
    },
    {
      command: './nova subscribe create audit --strategy single',
      meaning: 'everything from now on, to one consumer at a time',
    },
  ],
  async run(invocation) {
    // Loaded only here, as in the others, so that help does not load gRPC.
    const { runCreate } = await import('../subscribing/run-manage.ts');
    return await runCreate(invocation, invocation.options);
  },
});

/** `subscribe list`: all subscriptions. */
export const subscribeList = defineVerb({
  name: 'subscribe list',
  summary: 'the subscriptions, and how far they are',
  options: {},
  examples: [{ command: './nova subscribe list', meaning: 'lag, what waits, what is parked' }],
  async run(invocation) {
    const { runList } = await import('../subscribing/run-manage.ts');
    return await runList(invocation);
  },
});

/** `subscribe show`: one of them. */
export const subscribeShow = defineVerb({
  name: 'subscribe show',
  summary: 'all that is known of a subscription: its consumers, its replays',
  args: [NAME],
  options: {},
  examples: [{ command: './nova subscribe show mailer', meaning: 'who consumes it now' }],
  async run(invocation) {
    const { runShow } = await import('../subscribing/run-manage.ts');
    return await runShow(invocation);
  },
});

/** `subscribe update`: other terms. */
export const subscribeUpdate = defineVerb({
  name: 'subscribe update',
  summary: 'change how a subscription hands out',
  args: [NAME],
  options: {
    strategy: option.choice({
      flags: '--strategy <name>',
      doc: strategyDoc,
      choices: [...STRATEGIES, 'unchanged'],
      default: 'unchanged',
    }),
    ackTimeout: option.integer({
      flags: '--ack-timeout <seconds>',
      doc: 'what is not settled by then is handed out again; -1 = unchanged',
      default: UNCHANGED,
      min: UNCHANGED,
      max: 3600,
    }),
    maxAttempts: option.integer({
      flags: '--max-attempts <count>',
      doc: 'attempts before an event is parked; 0 = never, -1 = unchanged',
      default: UNCHANGED,
      min: UNCHANGED,
      max: 1000,
    }),
  },
  examples: [
    { command: './nova subscribe update mailer --strategy pinned', meaning: 'at once, for all' },
  ],
  async run(invocation) {
    const { runUpdate } = await import('../subscribing/run-manage.ts');
    return await runUpdate(invocation, invocation.options);
  },
});

/** `subscribe stop`: hand out nothing. */
export const subscribeStop = defineVerb({
  name: 'subscribe stop',
  summary: 'hand out nothing more until it is resumed',
  description:
    'Its consumers are sent away, and what they had not settled goes back. Nothing is lost.',
  args: [NAME],
  options: {
    reason: option.text({ flags: '--reason <text>', doc: 'why; shown to its consumers' }),
  },
  examples: [
    { command: './nova subscribe stop mailer --reason "wrong template"', meaning: 'for now' },
  ],
  async run(invocation) {
    const { runStop } = await import('../subscribing/run-manage.ts');
    return await runStop(invocation, invocation.options);
  },
});

/** `subscribe resume`: go on. */
export const subscribeResume = defineVerb({
  name: 'subscribe resume',
  summary: 'let a subscription that was stopped go on where it was',
  args: [NAME],
  options: {},
  examples: [{ command: './nova subscribe resume mailer', meaning: 'consumers may come again' }],
  async run(invocation) {
    const { runResume } = await import('../subscribing/run-manage.ts');
    return await runResume(invocation);
  },
});

/** `subscribe delete`: forget it. */
export const subscribeDelete = defineVerb({
  name: 'subscribe delete',
  summary: 'forget a subscription and what its consumers have acknowledged',
  args: [NAME],
  options: {},
  examples: [{ command: './nova subscribe delete mailer', meaning: 'for good' }],
  async run(invocation) {
    const { runDelete } = await import('../subscribing/run-manage.ts');
    return await runDelete(invocation);
  },
});

/** `subscribe consume`: take events as a consumer. */
export const subscribeConsume = defineVerb({
  name: 'subscribe consume',
  summary: 'take events of a subscription, show and acknowledge them',
  description:
    'A consumer like any other: what it shows is acknowledged, and then nobody else gets it. With ' +
    '--peek nothing is, and all goes back. Ctrl-C ends it after what it has shown is acknowledged.',
  args: [NAME],
  options: {
    count: option.integer({
      flags: '-n, --count <events>',
      doc: 'end after so many events; 0 = go on',
      default: 0,
    }),
    credits: option.integer({
      flags: '--credits <events>',
      doc: 'so many at a time',
      default: 10,
      min: 1,
      max: 1000,
    }),
    peek: option.flag({ flags: '--peek', doc: 'acknowledge nothing; shows at most --credits' }),
  },
  stopsItself: true,
  examples: [
    { command: './nova subscribe consume mailer', meaning: 'until Ctrl-C' },
    {
      command: './nova subscribe consume mailer -n 100 -o json',
      meaning: 'the next hundred, as JSON lines',
    },
  ],
  async run(invocation) {
    const { runConsume } = await import('../subscribing/run-consume.ts');
    return await runConsume(invocation, invocation.options);
  },
});

const AGGREGATE = { name: '[aggregate]', doc: 'TYPE/ID; by default all that is parked' };

/** `subscribe parked list`: what could not be dealt with. */
export const subscribeParkedList = defineVerb({
  name: 'subscribe parked list',
  summary: 'what consumers of a subscription could not deal with',
  description: 'The later events of its aggregate wait behind each; all other aggregates flow.',
  args: [NAME],
  options: {},
  examples: [{ command: './nova subscribe parked list mailer', meaning: 'and why' }],
  async run(invocation) {
    const { runParkedList } = await import('../subscribing/run-parked.ts');
    return await runParkedList(invocation);
  },
});

/** `subscribe parked replay`: once more. */
export const subscribeParkedReplay = defineVerb({
  name: 'subscribe parked replay',
  summary: 'hand out again what is parked, in order',
  args: [NAME, AGGREGATE],
  options: {},
  examples: [{ command: './nova subscribe parked replay mailer', meaning: 'all of it' }],
  async run(invocation) {
    const { runParkedAct } = await import('../subscribing/run-parked.ts');
    return await runParkedAct(invocation, 'replay');
  },
});

/** `subscribe parked discard`: without it. */
export const subscribeParkedDiscard = defineVerb({
  name: 'subscribe parked discard',
  summary: 'go on without what is parked',
  description: 'It is never handed out by this subscription; the log keeps it.',
  args: [NAME, AGGREGATE],
  options: {},
  examples: [
    {
      command:
        './nova subscribe parked discard mailer conversation/550e8400-e29b-41d4-a716-446655440000',
      meaning: 'one aggregate; what waits behind it is handed out',
    },
  ],
  async run(invocation) {
    const { runParkedAct } = await import('../subscribing/run-parked.ts');
    return await runParkedAct(invocation, 'discard');
  },
});
