import { join } from 'node:path';
import { repositoryRoot } from './repository.ts';
import { SAMPLE } from './sample.ts';
import type { Invocation } from './verb.ts';
import { importIrc } from './verbs/import-irc.ts';

/** Imports the sample as `./nova import irc samples/chat` would. */
export async function importSample(invocation: Invocation): Promise<void> {
  const defaults = Object.entries(importIrc.options).map(([name, spec]) => [name, spec.default]);
  await importIrc.run({
    ...invocation,
    args: [join(repositoryRoot, SAMPLE)],
    options: Object.fromEntries(defaults),
  });
}
