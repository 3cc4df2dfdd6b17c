import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, it } from '@jest/globals';
import { waitFor } from '@nova/testkit';
import { baseEnvironment } from './base-environment.ts';
import type { Guard } from './guard.ts';

const LAUNCH = join(import.meta.dirname, 'launch-process.ts');
const AS_ROOT = process.getuid?.() === 0;
const NAMESPACE = ['unshare', '-U', '--map-user=1', '--map-group=1'];
// Ignores every polite signal: only SIGKILL ends it.
const STUBBORN = ['sh', '-c', "trap '' TERM INT; : > deaf; while :; do sleep 1; done"];
const POLITE: Guard = { signal: 'SIGTERM', graceSeconds: 5 };

const base = mkdtempSync(join(tmpdir(), 'nova-guard-'));
const parents: ChildProcess[] = [];

/** Starts a process that launches `words` guarded, and tells the pid of what it launched. */
async function parentOf(words: readonly string[], guard: Guard, runAs: readonly string[] = []) {
  const [file = '', ...args] = words;
  const command = { file, args, env: baseEnvironment(), cwd: base, runAs };
  const options = { name: 'sample', logFile: join(base, 'log'), guard };
  const program = `
    const { launchProcess } = await import(${JSON.stringify(LAUNCH)});
    const child = await launchProcess(${JSON.stringify(command)}, ${JSON.stringify(options)});
    process.stdout.write(String(child.pid));
    await child.exited;
    process.stdout.write(' ended');`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  parents.push(parent);
  let text = '';
  parent.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const pid = await waitFor(() => Number(text) || undefined, { withinMs: 15_000, what: 'a pid' });
  await waitFor(() => commandOf(pid) === words.join(' '), {
    withinMs: 10_000,
    what: 'the program itself in place of the shell around it',
  });
  return { parent, pid, text: () => text };
}

/** The words of a running process; '' when there is none, or only its zombie. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trimEnd();
  } catch {
    return '';
  }
}

/** The watcher of a process: a shell with the same words, handed over to init. The mark is what it sleeps. */
function watcherOf(pid: number, mark: string): number | undefined {
  return readdirSync('/proc')
    .map(Number)
    .filter((other) => other > 0 && other !== pid)
    .find((other) => {
      const command = commandOf(other);
      const isMarked = command.includes('nova-guard') && command.endsWith(` sleep ${mark}`);
      return isMarked && parentPid(other) === 1;
    });
}

function parentPid(pid: number): number {
  try {
    return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return 0;
  }
}

const gone = (pid: number, withinMs: number) =>
  waitFor(() => commandOf(pid) === '', { withinMs, what: `the end of process ${pid}` });

afterAll(() => {
  rmSync(base, { recursive: true, force: true });
});

describe('launchProcess, when its parent is killed', () => {
  afterEach(() => {
    for (const parent of parents.splice(0)) parent.kill('SIGKILL');
  });

  it('ends the child with its signal', async () => {
    const { parent, pid } = await parentOf(['sleep', '1111'], POLITE);
    parent.kill('SIGKILL');
    await gone(pid, 3000);
  });

  it('kills a child that does not obey, once its time is over', async () => {
    const { parent, pid } = await parentOf(STUBBORN, { signal: 'SIGTERM', graceSeconds: 1 });
    await waitFor(() => existsSync(join(base, 'deaf')), { withinMs: 5000, what: 'deafness' });
    parent.kill('SIGKILL');
    await gone(pid, 5000);
  });

  it('kills a child that is stopped', async () => {
    const { parent, pid } = await parentOf(['sleep', '1112'], {
      signal: 'SIGTERM',
      graceSeconds: 0,
    });
    process.kill(pid, 'SIGSTOP');
    parent.kill('SIGKILL');
    await gone(pid, 3000);
  });

  it('deletes the folder of a test server', async () => {
    const folder = join(base, 'with space');
    mkdirSync(join(folder, 'data'), { recursive: true });
    const guard: Guard = { signal: 'SIGKILL', graceSeconds: 0, removeFolder: folder };
    const { parent, pid } = await parentOf(['sleep', '1113'], guard);
    parent.kill('SIGKILL');
    await gone(pid, 3000);
    await waitFor(() => !existsSync(folder), { withinMs: 4000, what: 'an empty place' });
  });

  it('ends the child also when the watcher was killed before', async () => {
    if (process.platform !== 'linux') return;
    const { parent, pid } = await parentOf(['sleep', '1114'], POLITE);
    const watcher = await waitFor(() => watcherOf(pid, '1114'), { withinMs: 2000, what: 'it' });
    process.kill(watcher, 'SIGKILL');
    parent.kill('SIGKILL');
    await gone(pid, 3000);
  });

  it('ends a child that runs in a user namespace, with and without the watcher', async () => {
    if (!AS_ROOT) return;
    for (const seconds of ['1115', '1116']) {
      const { parent, pid } = await parentOf(['sleep', seconds], POLITE, NAMESPACE);
      const watcher = await waitFor(() => watcherOf(pid, seconds), {
        withinMs: 2000,
        what: 'its watcher',
      });
      if (seconds === '1116') process.kill(watcher, 'SIGKILL');
      parent.kill('SIGKILL');
      await gone(pid, 3000);
    }
  });
});

describe('launchProcess, when the child ends', () => {
  it('sends the watcher away', async () => {
    const { parent, pid, text } = await parentOf(['sleep', '1117'], POLITE);
    const watcher = await waitFor(() => watcherOf(pid, '1117'), { withinMs: 2000, what: 'it' });
    process.kill(pid, 'SIGTERM');
    await gone(watcher, 2000);
    await waitFor(() => text().endsWith('ended'), { withinMs: 2000, what: 'word of its end' });
    parent.kill('SIGKILL');
  });
});
