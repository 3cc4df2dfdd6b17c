import { option } from '../option.ts';
import { defineVerb } from '../verb.ts';

const options = {
  from: option.text({
    flags: '--from <point>',
    doc: 'first event: beginning, a position, or a time (RFC 3339) in which it was stored',
  }),
  to: option.text({
    flags: '--to <position>',
    doc: 'last event; by default the end of the log as it is now',
  }),
  eventType: option.list({
    flags: '--event-type <type>',
    doc: 'only events of this type; may be given several times',
  }),
  rate: option.integer({
    flags: '--rate <events>',
    doc: 'at most so many events per second; 0 = as fast as it goes',
    default: 0,
    max: 1_000_000,
  }),
  reason: option.text({ flags: '--reason <text>', doc: 'kept with it and in every record' }),
  dryRun: option.flag({ flags: '--dry-run', doc: 'only count what would be sent' }),
  detach: option.flag({ flags: '--detach', doc: 'do not wait for its end' }),
  list: option.flag({ flags: '--list', doc: 'show the last ones and how far they are' }),
  follow: option.text({ flags: '--follow <id>', doc: 'wait for the end of one that runs' }),
  cancel: option.text({ flags: '--cancel <id>', doc: 'end one; what was sent stays' }),
};

/** `relay republish`: send a part of the log to Kafka once more. */
export const relayRepublish = defineVerb({
  name: 'relay republish',
  summary: 'send a part of the log to Kafka once more',
  description:
    'For a topic that has lost data: the relays send the events from the log again, in order, ' +
    'beside everything else. Views do not change; consumers count them as duplicates. It goes on by ' +
    'itself after a restart, and after Ctrl-C, which only ends the waiting for it. ' +
    'docs/runbooks/republish.md.',
  options,
  stopsItself: true,
  examples: [
    {
      command: './nova relay republish --from beginning --event-type message_created --dry-run',
      meaning: 'how much that would be',
    },
    {
      command:
        './nova relay republish --from 2026-11-01T00:00:00Z --rate 5000 --reason "disk of broker 2"',
      meaning: 'what was stored since, gently',
    },
    {
      command: './nova relay republish --list',
      meaning: 'what was asked for, by whom, how far it is',
    },
  ],
  async run(invocation) {
    // Loaded only here, so that help and other verbs do not load gRPC.
    const { runRepublish } = await import('../relay/run-republish.ts');
    return await runRepublish(invocation, invocation.options);
  },
});
