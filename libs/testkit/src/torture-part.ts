import { execFileSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { loadConfig, type Settings, setting } from '@nova/config';

const settings = {
  times: setting.optional(
    setting.integer({
      env: 'NOVA_TORTURE_TIMES',
      min: 1,
      doc: 'How many rounds, seeds, requests or schedules, in place of the long form.',
    }),
  ),
  seed: setting.optional(
    setting.integer({ env: 'NOVA_TORTURE_SEED', min: 1, doc: 'The first seed.' }),
  ),
  record: setting.optional(
    setting.string({ env: 'NOVA_TORTURE_RECORD', doc: 'File to which findings are appended.' }),
  ),
} satisfies Settings;

/** What of a long form is run now. */
export interface TorturePart {
  /** Rounds, seeds, requests or schedules: whatever the spec counts. */
  readonly times: number;
  readonly seed: number;
}

/**
 * What this run is to do of a long form: all of it, unless `./nova test torture` was told how much
 * (`--times`) and where to begin (`--seed`). So it can be run through in many parts.
 */
export function torturePart(all: { readonly times: number; readonly seed?: number }): TorturePart {
  const { times, seed } = loadConfig(settings);
  return { times: times ?? all.times, seed: seed ?? all.seed ?? 1 };
}

/**
 * Prints what a part came to as one line of JSON, with its time, commit and machine; appends it to
 * the file that `--record` names, for the table in docs/reliability.md.
 */
export function tellTorture(what: string, found: object): void {
  const { record } = loadConfig(settings);
  const line = `${JSON.stringify({
    at: new Date().toISOString(),
    commit: commit(),
    cores: availableParallelism(),
    load: Math.round(loadavg()[0] ?? 0),
    what,
    ...found,
  })}\n`;
  process.stdout.write(line);
  if (record !== undefined) appendFileSync(record, line);
}

function commit(): string {
  try {
    const options = { cwd: import.meta.dirname, encoding: 'utf8' } as const;
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], options).trim();
  } catch {
    // Not from a checkout.
    return '';
  }
}
