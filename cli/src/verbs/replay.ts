import { option } from '../option.ts';
import { defineVerb } from '../verb.ts';
import { SERVICE, viewConsumer } from './view.ts';

const partOptions = {
  eventType: option.list({
    flags: '--event-type <type>',
    doc: 'only events of this type; may be given several times',
  }),
  aggregate: option.text({ flags: '--aggregate <id>', doc: 'only of this aggregate' }),
  reason: option.text({ flags: '--reason <text>', doc: 'why; kept with it' }),
  from: option.text({
    flags: '--from <point>',
    doc: 'first event: beginning, a position, or a time (RFC 3339) in which it was stored',
  }),
};

/** `replay subscription`: a part of the log once more, to one subscription. */
export const replaySubscription = defineVerb({
  name: 'replay subscription',
  summary: 'hand out a part of the log once more, to one subscription',
  description:
    'Nobody else gets anything. The events come in the order of the log beside what is new, marked ' +
    'with the id of the replay; it goes on by itself. What the subscription has not got to yet is ' +
    'left out: it comes anyway.',
  args: [{ name: '<name>', doc: 'of the subscription' }],
  options: {
    ...partOptions,
    to: option.text({
      flags: '--to <position>',
      doc: 'last event; by default where it has got to',
    }),
    dryRun: option.flag({ flags: '--dry-run', doc: 'only count what would be handed out' }),
  },
  examples: [
    {
      command: './nova replay subscription mailer --from 2026-11-01T00:00:00Z --dry-run',
      meaning: 'how much that would be',
    },
    {
      command: './nova replay subscription mailer --from beginning --reason "table emptied"',
      meaning: 'all that it is for',
    },
  ],
  async run(invocation) {
    // Loaded only here, so that help and other verbs do not load gRPC.
    const { runReplay } = await import('../subscribing/run-replay.ts');
    return await runReplay(invocation, invocation.options);
  },
});

/** `replay cancel`: take up nothing more. */
export const replayCancel = defineVerb({
  name: 'replay cancel',
  summary: 'take up nothing more of a replay to a subscription',
  args: [{ name: '<id>', doc: 'of the replay, as subscribe show has it' }],
  options: {},
  examples: [
    {
      command: './nova replay cancel 0190b6f4-3c1e-7d2a-9b8f-4e2da6c40f1e',
      meaning: 'what was taken up is handed out',
    },
  ],
  async run(invocation) {
    const { runReplayCancel } = await import('../subscribing/run-replay.ts');
    return await runReplayCancel(invocation);
  },
});

/** `replay view`: a part of the log once more, into the views of one service. */
export const replayView = defineVerb({
  name: 'replay view',
  summary: 'fold anew, in the views of one service, what a part of the log concerns',
  description:
    'Each aggregate that has an event in that part is folded anew, from its first event on; its rows ' +
    'are swapped in one step. Nobody else gets anything, and no notice is sent again. Ctrl-C cancels; ' +
    'what is done is done. `parked acts` lists it. To make all views anew: view rebuild.',
  args: [SERVICE],
  stopsItself: true,
  options: {
    ...partOptions,
    to: option.text({
      flags: '--to <position>',
      doc: 'last event; by default the end of the log',
    }),
    consumer: viewConsumer,
    rate: option.integer({
      flags: '--rate <per second>',
      doc: 'most aggregates a second; 0 = as fast as it goes',
      default: 0,
      max: 1000,
    }),
    dryRun: option.flag({ flags: '--dry-run', doc: 'only count what would be folded anew' }),
  },
  examples: [
    {
      command: './nova replay view messaging --from 2026-11-01T00:00:00Z --dry-run',
      meaning: 'how much that would be',
    },
    {
      command:
        './nova replay view messaging --aggregate 550e8400-e29b-41d4-a716-446655440000 --reason "row mended by hand"',
      meaning: 'one conversation',
    },
  ],
  async run(invocation) {
    const { runReplayView } = await import('../views/run-replay-view.ts');
    return await runReplayView(invocation, invocation.options);
  },
});
