import { DEFAULT_EVENTS, DEFAULT_ROUNDS, EXTRA_PEERS, SCENARIO_NAMES } from '@nova/bench/names';
import { option } from '../option.ts';
import { defineVerb, wrongUse } from '../verb.ts';

const known = Object.entries(SCENARIO_NAMES).map(([name, about]) => `${name}: ${about}`);

/** `bench`: measurements against peers, in one run. */
export const bench = defineVerb({
  name: 'bench',
  summary: 'measure against peers',
  description:
    'Starts a PostgreSQL and a Kafka of its own, lets nova and its peers take turns, and writes ' +
    'bench/REPORT.md, or another file for some scenarios only. Every turn is checked for what was ' +
    'lost, doubled, reordered or changed: exit code 1 when anything was, however fast. ' +
    'A machine that is otherwise idle is needed; what others used of it is in the report.\n\n' +
    `Scenarios: ${known.join('; ')}.`,
  args: [{ name: '[names...]', doc: 'scenarios, by default all' }],
  options: {
    events: option.integer({
      flags: '--events <count>',
      doc: 'events of a large backlog; other sizes are derived from it',
      default: DEFAULT_EVENTS,
      min: 200,
      max: 20_000_000,
    }),
    rounds: option.integer({
      flags: '--rounds <count>',
      doc: 'turns of each subject',
      default: DEFAULT_ROUNDS,
      min: 1,
      max: 100,
    }),
    repeats: option.integer({
      flags: '--repeats <count>',
      doc: 'how often a turn is repeated in which others used more than 15 % of the machine',
      default: 2,
      max: 20,
    }),
    seconds: option.integer({
      flags: '--seconds <count>',
      doc: 'begin no further round of a scenario after so many seconds; 0: no limit',
      default: 0,
      max: 86_400,
    }),
    with: option.list({
      flags: '--with <peer>',
      doc: `a peer that takes part on request only, fetched the first time: ${EXTRA_PEERS.join(', ')}`,
    }),
    json: option.text({ flags: '--json <file>', doc: 'write all figures as JSON' }),
    compare: option.text({
      flags: '--compare <file>',
      doc: 'what --json wrote of an earlier run, to be compared in the report',
    }),
    merge: option.list({
      flags: '--merge <file>',
      doc:
        'run nothing: put together what --json wrote of runs of the same day, machine and commit; ' +
        'may be given several times',
    }),
    report: option.text({ flags: '--report <file>', doc: 'where the report goes' }),
  },
  examples: [
    { command: './nova bench', meaning: 'everything, on a quiet machine; see bench/README.md' },
    { command: './nova bench w1 w1b --rounds 3', meaning: 'two scenarios, sooner' },
    {
      command: './nova bench w2 w3 --with debezium',
      meaning: 'against Debezium in Kafka Connect, too',
    },
    {
      command: './nova bench --json now.json --compare before.json',
      meaning: 'against an earlier run',
    },
    {
      command: './nova bench --merge w1.json --merge w3.json',
      meaning: 'one report on scenarios that were run one by one',
    },
  ],
  stopsItself: true,
  async run(invocation) {
    const unknown = invocation.args.find((word) => !Object.hasOwn(SCENARIO_NAMES, word));
    if (unknown !== undefined) {
      const names = Object.keys(SCENARIO_NAMES).join(', ');
      throw wrongUse(`unknown scenario '${unknown}'; there are ${names}`);
    }
    const stranger = invocation.options.with.find(
      (word) => !EXTRA_PEERS.some((one) => one === word),
    );
    if (stranger !== undefined) {
      throw wrongUse(`unknown peer '${stranger}'; there are ${EXTRA_PEERS.join(', ')}`);
    }
    const { compare, merge } = invocation.options;
    if (merge.length > 0 && invocation.args.length > 0) {
      throw wrongUse('--merge runs nothing: name no scenarios with it');
    }
    const { existsSync } = await import('node:fs');
    for (const file of [...merge, ...(compare === undefined ? [] : [compare])]) {
      if (!existsSync(file)) throw wrongUse(`there is no file ${file}`);
    }
    const { runBench } = await import('../benchmarks/run-bench.ts');
    return runBench(invocation);
  },
});
