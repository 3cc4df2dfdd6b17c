import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { STATE_ENTRIES } from '@nova/servers';
import { systemClock } from '@nova/time';
import { option } from '../option.ts';
import { stackFolders } from '../stack.ts';
import { stopStack } from '../supervise/stop-stack.ts';
import { defineVerb } from '../verb.ts';

/** `reset`: stops everything and forgets all data of this stack. */
export const reset = defineVerb({
  name: 'reset',
  summary: 'stop everything and forget all data',
  description:
    'Stops the stack and removes its databases, topics and logs. What checkouts share (Node, ' +
    'Kafka) stays cached. Asks before it does so on a terminal.',
  options: { yes: option.flag({ flags: '-y, --yes', doc: 'do not ask' }) },
  examples: [
    { command: './nova reset', meaning: 'asks, then forgets everything' },
    { command: './nova reset --yes && ./nova up', meaning: 'start anew' },
  ],
  async run({ options, out, ...invocation }) {
    const stack = stackFolders(invocation);
    const asks = !options.yes && process.stdin.isTTY === true && out.isTerminal;
    if (asks && !(await confirmed(stack.directory))) {
      out.note('nothing was changed');
      return 1;
    }
    await stopStack(stack, systemClock, (text) => out.progress(text));
    out.progress('removing data …');
    // Other stacks live in folders of the same one.
    for (const name of STATE_ENTRIES) {
      rmSync(join(stack.directory, name), { recursive: true, force: true, maxRetries: 3 });
    }
    out.progressDone();
    if (out.format === 'json') out.json({ removed: stack.directory });
    else out.line(`all data in ${stack.directory} is forgotten`);
    return 0;
  },
});

async function confirmed(directory: string): Promise<boolean> {
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await asking.question(`Forget all data in ${directory}? [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    asking.close();
  }
}
