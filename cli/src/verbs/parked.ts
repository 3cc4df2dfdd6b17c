import { option } from '../option.ts';
import { selectionOptions } from '../parked/selection-options.ts';
import { defineVerb } from '../verb.ts';

const RUNBOOK = 'docs/runbooks/parked-events.md tells what to do when something is parked.';

const actOptions = {
  ...selectionOptions,
  all: option.flag({ flags: '--all', doc: 'everything that is parked, of all consumers' }),
  dryRun: option.flag({ flags: '--dry-run', doc: 'show what it would come to, change nothing' }),
  rate: option.integer({
    flags: '--rate <per second>',
    doc: 'most aggregates or effects a second; 0 = as fast as it goes',
    default: 0,
    max: 1000,
  }),
  reason: option.text({ flags: '--reason <text>', doc: 'why; kept with who and when' }),
};

/** `parked list`: what consumers could not apply. */
export const parkedList = defineVerb({
  name: 'parked list',
  summary: 'what consumers could not apply, oldest failure first',
  description:
    'Lists the aggregates whose next event fails at a consumer. Their later events wait behind it in ' +
    `order; all other aggregates flow. ${RUNBOOK}`,
  options: selectionOptions,
  examples: [
    { command: './nova parked list', meaning: 'everything that is parked' },
    {
      command: './nova parked list --consumer messaging/views --since 2h -o json',
      meaning: 'what has failed at one consumer in the last two hours, for scripts',
    },
    { command: './nova parked list --effects', meaning: 'effects that were refused' },
  ],
  async run(invocation) {
    // Loaded only here, as in the others, so that help does not load gRPC.
    const { runList } = await import('../parked/run-list.ts');
    return await runList(invocation, invocation.options);
  },
});

/** `parked groups`: the same by cause. */
export const parkedGroups = defineVerb({
  name: 'parked groups',
  summary: 'what is parked, by cause',
  description:
    'Groups what is parked by the kind of error and the function of our own that threw it: mostly ' +
    'one mistake is one group, however many events it has met.',
  options: selectionOptions,
  examples: [{ command: './nova parked groups', meaning: 'how many mistakes there are' }],
  async run(invocation) {
    const { runGroups } = await import('../parked/run-list.ts');
    return await runGroups(invocation, invocation.options);
  },
});

/** `parked show`: all that is known of one. */
export const parkedShow = defineVerb({
  name: 'parked show',
  summary: 'why an aggregate fails, and the records that wait',
  args: [{ name: '<aggregate>', doc: 'its id, or TYPE/ID, as parked list shows it' }],
  options: {
    consumer: selectionOptions.consumer,
    records: option.integer({
      flags: '--records <count>',
      doc: 'most records that are shown, at most 100',
      default: 3,
      min: 1,
      max: 100,
    }),
  },
  examples: [
    {
      command: './nova parked show conversation/550e8400-e29b-41d4-a716-446655440000',
      meaning: 'error, stack, attempts, version of the consumer, records as they came',
    },
  ],
  async run(invocation) {
    const { runShow } = await import('../parked/run-show.ts');
    return await runShow(invocation, invocation.options);
  },
});

/** `parked replay`: try it again, in order. */
export const parkedReplay = defineVerb({
  name: 'parked replay',
  summary: 'try what is parked again, in order',
  description:
    'Freezes the selection and tries each aggregate once more, with all that waits behind its ' +
    'failing event, in order. The members of the consumer do it: it goes on when one of them dies, ' +
    'and when this command does. Ctrl-C cancels; the aggregate in work is finished. What fails again ' +
    'stays parked. Exit code 1 when something failed or was cancelled.',
  options: actOptions,
  stopsItself: true,
  examples: [
    {
      command: './nova parked replay --fingerprint 0f3a52c1b7de --dry-run',
      meaning: 'run the handlers and show the rows that would change',
    },
    {
      command: './nova parked replay --fingerprint 0f3a52c1b7de --reason "fixed in 1.4.2"',
      meaning: 'everything of one cause, once it is mended',
    },
    { command: './nova parked replay --all --rate 20', meaning: 'everything, 20 a second' },
  ],
  async run(invocation) {
    const { runAct } = await import('../parked/run-act.ts');
    return await runAct(invocation, { ...invocation.options, kind: 'replay' });
  },
});

/** `parked discard`: go on without it. */
export const parkedDiscard = defineVerb({
  name: 'parked discard',
  summary: 'go on without the events that fail',
  description:
    'Lets each aggregate go on without its failing event: it counts as applied and changes nothing, ' +
    'and what waits behind it is tried. The log keeps the event. A rebuild passes over it as long as ' +
    'it fails, and applies it once its handler is mended. An effect that is discarded is not carried ' +
    'out; the act keeps it.',
  options: actOptions,
  stopsItself: true,
  examples: [
    {
      command:
        './nova parked discard --aggregate 550e8400-e29b-41d4-a716-446655440000 --reason "test data"',
      meaning: 'one aggregate',
    },
  ],
  async run(invocation) {
    const { runAct } = await import('../parked/run-act.ts');
    return await runAct(invocation, { ...invocation.options, kind: 'discard' });
  },
});

/** `parked acts`: who did what. */
export const parkedActs = defineVerb({
  name: 'parked acts',
  summary: 'who replayed or discarded what, when and why',
  args: [{ name: '[act]', doc: 'only this one, with what of it has failed' }],
  options: {
    consumer: selectionOptions.consumer,
    count: option.integer({
      flags: '-n, --count <acts>',
      doc: 'the latest so many',
      default: 20,
      min: 1,
      max: 200,
    }),
  },
  examples: [{ command: './nova parked acts', meaning: 'the latest' }],
  async run(invocation) {
    const { runActs } = await import('../parked/run-acts.ts');
    return await runActs(invocation, invocation.options);
  },
});

/** `parked cancel`: end an act. */
export const parkedCancel = defineVerb({
  name: 'parked cancel',
  summary: 'end a replay or discard whose terminal is gone',
  args: [{ name: '<act>', doc: 'its id, as parked acts shows it' }],
  options: {},
  examples: [
    {
      command: './nova parked cancel 0190b6f4-3c1e-7d2a-9b8f-4e2da6c40f1e',
      meaning: 'nothing more of it is taken up',
    },
  ],
  async run(invocation) {
    const { runCancel } = await import('../parked/run-acts.ts');
    return await runCancel(invocation);
  },
});
