import { join } from 'node:path';
import { repositoryRoot } from './repository.ts';
import { SAMPLE } from './sample.ts';
import type { ExitCode, Invocation } from './verb.ts';
import { importIrc } from './verbs/import-irc.ts';

/** Imports the sample as `./nova import irc samples/chat --wait` does; 1 when it did not all arrive. */
export async function importSample(invocation: Invocation): Promise<ExitCode> {
  const defaults = Object.entries(importIrc.options).map(
    ([name, spec]) => [name, spec.default] as const,
  );
  const options: Record<string, unknown> = { ...Object.fromEntries(defaults), wait: true };
  return importIrc.run({
    ...invocation,
    args: [join(repositoryRoot, SAMPLE)],
    options,
  });
}
