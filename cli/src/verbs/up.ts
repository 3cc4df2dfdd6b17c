import { option } from '../option.ts';
import { defineVerb } from '../verb.ts';

/** `up`: starts everything and returns, or stays, when all of it answers. */
export const up = defineVerb({
  name: 'up',
  summary: 'start everything and wait until it answers',
  description:
    'Starts PostgreSQL, Kafka, events-service and its relay, makes databases and topics, and ' +
    'keeps what dies running. In the foreground Ctrl-C drains and stops; with --detach it goes on ' +
    'in the background and exit code 0 means that everything answers.',
  options: {
    detach: option.flag({ flags: '-d, --detach', doc: 'go on in the background' }),
    demo: option.flag({ flags: '--demo', doc: 'then import the sample of chat logs' }),
  },
  examples: [
    { command: './nova up', meaning: 'in this terminal, until Ctrl-C' },
    { command: './nova up --detach', meaning: 'in the background, until ./nova down' },
    { command: './nova up --detach --port-offset 1000', meaning: 'a second one beside the first' },
  ],
  stopsItself: true,
  async run(invocation) {
    // Loaded only here, so that help and other verbs do not load all of this.
    const { runUp } = await import('../run-up.ts');
    return runUp(invocation, invocation.options);
  },
});
