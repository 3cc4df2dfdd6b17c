import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { childEnvironment } from '../child-environment.ts';
import { repositoryRoot } from '../repository.ts';
import type { ExitCode, Invocation } from '../verb.ts';

/** What the verb's own options come to. */
interface Options {
  readonly events: number;
  readonly rounds: number;
  readonly repeats: number;
  /** 0: no limit. */
  readonly seconds: number;
  readonly with: readonly string[];
  readonly json: string | undefined;
  readonly compare: string | undefined;
  readonly merge: readonly string[];
  readonly report: string | undefined;
}

/** What is measured is a process of its own: it starts servers and must be alone with them. */
export async function runBench({
  args,
  options,
  out,
  signal,
}: Pick<Invocation, 'args' | 'out' | 'signal'> & { options: Options }): Promise<ExitCode> {
  const folder = mkdtempSync(join(tmpdir(), 'nova-bench-result-'));
  const json = resolve(options.json ?? join(folder, 'results.json'));
  try {
    const report = reportFile(args, options.report);
    const words = [join(repositoryRoot, 'bench', 'main.ts'), ...args, '--json', json];
    const { events, rounds, repeats, compare } = options;
    const seconds = options.seconds === 0 ? undefined : options.seconds;
    const told = { events, rounds, repeats, seconds, report, compare: compare && resolve(compare) };
    for (const [name, value] of Object.entries(told)) {
      if (value !== undefined) words.push(`--${name}`, String(value));
    }
    for (const peer of options.with) words.push('--with', peer);
    for (const file of options.merge) words.push('--merge', resolve(file));
    const child = spawn(process.execPath, words, {
      env: childEnvironment(),
      // By its channel it notices that this process is gone, however it ended.
      stdio: ['ignore', 2, 2, 'ipc'],
      // Ctrl-C comes to it from here, once.
      detached: true,
    });
    const stop = () => void child.kill('SIGTERM');
    signal.addEventListener('abort', stop, { once: true });
    const [exitCode] = (await once(child, 'exit')) as readonly unknown[];
    signal.removeEventListener('abort', stop);
    // Stopped, or it could not begin: it has said why.
    if (signal.aborted || !existsSync(json)) return 1;
    if (out.format === 'json') out.json(JSON.parse(readFileSync(json, 'utf8')));
    else out.line(report);
    return exitCode === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A part of the scenarios must not take the place of the report on all of them. */
function reportFile(names: readonly string[], given: string | undefined): string {
  if (given !== undefined) return resolve(given);
  return names.length === 0
    ? join(repositoryRoot, 'bench', 'REPORT.md')
    : join(repositoryRoot, '.nova', 'bench', 'REPORT.md');
}
