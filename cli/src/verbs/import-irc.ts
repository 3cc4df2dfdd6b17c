import { GRAMMAR_HELP } from '../irc/grammar-help.ts';
import { isDate } from '../irc/stamp.ts';
import { option } from '../option.ts';
import { defineVerb, wrongUse } from '../verb.ts';

const options = {
  network: option.text({
    flags: '--network <name>',
    doc: "network that the nicks belong to; by default the name of each file's folder",
  }),
  date: option.text({
    flags: '--date <YYYY-MM-DD>',
    doc: 'day of the files that neither their name nor their lines date',
  }),
  rate: option.integer({
    flags: '--rate <events>',
    doc: 'most events per second; 0 = as fast as it goes',
    default: 0,
    max: 1_000_000,
  }),
  wait: option.flag({
    flags: '--wait',
    doc: 'also wait until everything is in Kafka and every consumer that runs has applied it',
  }),
  deadline: option.integer({
    flags: '--deadline <seconds>',
    doc: 'longest time that --wait waits for the consumers; 0 = no limit',
    default: 600,
    max: 86_400,
  }),
  report: option.text({
    flags: '--report <file>',
    doc: 'write every line that was not understood, changed or doubtful to this file',
  }),
};

/** `import irc`: chat logs become conversations, users, memberships and messages. */
export const importIrc = defineVerb({
  name: 'import irc',
  summary: 'chat logs become conversations, users and messages',
  description: [
    'Publishes chat logs (IRC and alike) through events-service. Each file is a conversation, each ' +
      'nick a user of its network; joins, leaves and first words are memberships, a leading "nick:" ' +
      'or "nick," of somebody in the file is a mention. The day comes from the file name, times are ' +
      'UTC.',
    '',
    'All ids follow from network, file name and line: importing again adds nothing, and after ' +
      'Ctrl-C or a failure the same command goes on. Lines that are not understood are counted and ' +
      'named with file and line, never guessed. Understood are:',
    '',
    ...GRAMMAR_HELP.map(
      ({ shape, example }) => `  ${shape.padEnd(30)}${example.replaceAll('\t', '<TAB>')}`,
    ),
  ].join('\n'),
  args: [{ name: '<paths...>', doc: 'log files, or folders of them' }],
  options,
  stopsItself: true,
  examples: [
    { command: './nova import irc samples/chat', meaning: 'the sample logs of this repository' },
    {
      command: './nova import irc --network freenode logs/2004-12-25.txt --wait',
      meaning: 'one file, with the network named, until everything is in Kafka and in the views',
    },
    {
      command: './nova import irc logs --report not-understood.txt',
      meaning: 'a folder, with every line that was not understood in a file',
    },
  ],
  async run(invocation) {
    const { options: given } = invocation;
    if (given.date !== undefined && !isDate(given.date)) {
      throw wrongUse(`--date must be a day written YYYY-MM-DD: ${given.date}`);
    }
    // Loaded only here, so that help and other verbs do not load gRPC.
    const { runImport } = await import('../importing/run-import.ts');
    return await runImport(invocation, given);
  },
});
