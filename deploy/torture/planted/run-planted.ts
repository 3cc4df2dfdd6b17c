import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { processEnvironment } from '@nova/config';
import { testDatabase } from '@nova/testkit';
import type { Verdict } from '../checker/verdict.ts';

const run = promisify(execFile);
const HOOK = pathToFileURL(join(import.meta.dirname, 'hook.ts')).href;
const SCENARIO = join(import.meta.dirname, 'scenario-main.ts');
const CHECKER = join(import.meta.dirname, '../checker/main.ts');
const LONGEST_MS = 110_000;

/** A folder for what processes have compiled: those that come later start in half the time. */
export class CompiledFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'nova-compiled-'));

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Runs a scenario in a process of its own, with a bug or without, and has the checker judge it. */
export async function runPlanted(
  scenario: string,
  compiled: CompiledFolder,
  bug = '',
): Promise<Verdict> {
  const folder = mkdtempSync(join(tmpdir(), 'nova-planted-'));
  const store = await testDatabase();
  try {
    const { PATH = '' } = processEnvironment;
    const env = { PATH, NOVA_PLANTED: bug, NODE_COMPILE_CACHE: compiled.path };
    const options = { timeout: LONGEST_MS, env };
    const args = ['--import', HOOK, SCENARIO, scenario, store.url, folder];
    await run(process.execPath, args, options).catch((thrown: { stderr?: string }) => {
      throw new Error(`${scenario} broke: ${thrown.stderr?.slice(0, 2000)}`);
    });
    return await judged(join(folder, 'history.jsonl'), join(folder, 'sources.json'));
  } finally {
    await store.drop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The verdict of the checker as a program of its own. */
export async function judged(history: string, sources: string): Promise<Verdict> {
  const options = { maxBuffer: 64 * 1024 * 1024, timeout: LONGEST_MS };
  const { stdout } = await run(process.execPath, [CHECKER, history, sources], options).catch(
    (thrown: { code?: number; stdout?: string }) => {
      // It has something against the run, and says what.
      if (thrown.code === 1 && thrown.stdout) return { stdout: thrown.stdout };
      throw thrown;
    },
  );
  // Printed by checker/main.ts.
  return JSON.parse(stdout) as Verdict;
}
