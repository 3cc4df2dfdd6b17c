import { option } from '../option.ts';
import { STARTING_POINTS } from '../tailing/starting-points.ts';
import { defineVerb } from '../verb.ts';

const options = {
  aggregate: option.text({ flags: '--aggregate <id>', doc: 'only the events of this aggregate' }),
  from: option.text({
    flags: '--from <point>',
    doc: `where to begin: ${STARTING_POINTS}; by default -10`,
  }),
  count: option.integer({
    flags: '-n, --count <events>',
    doc: 'end after so many events; 0 = go on',
    default: 0,
  }),
  untilNow: option.flag({
    flags: '--until-now',
    doc: 'end at the end of the log instead of waiting for more',
  }),
};

/** `tail`: show events as they are stored. */
export const tail = defineVerb({
  name: 'tail',
  summary: 'show events as they are stored',
  description:
    'Reads the log in its order, the events that are there and those to come, until Ctrl-C. ' +
    'A lost connection is made again and reading goes on where it ended. On a screen payloads are ' +
    'cut to its width; -o json prints one whole event per line.',
  args: [{ name: '[event_types...]', doc: 'only these types; by default all' }],
  options,
  stopsItself: true,
  examples: [
    { command: './nova tail', meaning: 'the last ten events, and all that come' },
    {
      command: './nova tail message_created --from now -o json',
      meaning: 'messages from now on, as JSON lines',
    },
    {
      command: './nova tail --from beginning --until-now -o json > log.jsonl',
      meaning: 'the whole log into a file',
    },
    {
      command: './nova tail --aggregate 550e8400-e29b-41d4-a716-446655440000 --from beginning -n 5',
      meaning: 'the first five events of an aggregate',
    },
  ],
  async run(invocation) {
    // Loaded only here, so that help and other verbs do not load gRPC.
    const { runTail } = await import('../tailing/run-tail.ts');
    const { from = '-10', ...rest } = invocation.options;
    return await runTail(invocation, { from, ...rest });
  },
});
