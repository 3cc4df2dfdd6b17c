import { type ExecFileException, execFile } from 'node:child_process';
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { processEnvironment } from '@nova/config';

const run = promisify(execFile);

/** Root of the checkout. */
export const root: string = join(import.meta.dirname, '../..');

/** What a command printed, and how it ended. */
export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A whole nova beside any other: its own state folder and its own ports. */
export interface Stack {
  /** What makes a command mean this stack, besides its port offset. */
  readonly environment: Readonly<Record<string, string>>;
  /** Port of a part: its port in `conventions` §1 plus the offset. */
  port(conventional: number): number;
  /** Runs `./nova VERB …` against this stack. */
  nova(...args: readonly string[]): Promise<Finished>;
  /** A shell command as a README has it, with ports, `./nova` and `.nova/` moved to this stack. */
  moved(command: string): string;
  /** Runs a shell command as a README has it, moved to this stack. */
  shell(command: string): Promise<Finished>;
  /** Pids of the running parts by name, from `nova status`. */
  pids(): Promise<ReadonlyMap<string, number>>;
  /** Connection URL of one of its databases, from the file that `up` leaves for shells. */
  databaseUrl(database: string): Promise<string>;
  /** Stops it and forgets its data. */
  remove(): Promise<void>;
}

const CONVENTIONAL_PORTS = [
  ...[50051, 50052, 50053, 50054, 50150, 50151, 50152, 50153, 50154],
  ...[54320, 9092, 6390, 8080],
];

/**
 * Prepares a stack; nothing is started before `nova('up', '--detach')`.
 *
 * @param more settings of its services
 */
export function prepareStack(offset: number, more: Readonly<Record<string, string>> = {}): Stack {
  const state = mkdtempSync(join(tmpdir(), 'nova-e2e-'));
  const environment = { NOVA_STATE_DIR: state, NO_COLOR: '1', CI: 'true', ...more };
  const port = (conventional: number) => conventional + offset;
  const finish = async (file: string, args: readonly string[]): Promise<Finished> => {
    try {
      const { stdout, stderr } = await run(file, [...args], {
        cwd: root,
        env: { ...processEnvironment, ...environment },
        maxBuffer: 256 * 1024 * 1024,
        timeout: 300_000,
      });
      return { code: 0, stdout, stderr };
    } catch (thrown) {
      // execFile rejects with the output of a command that failed.
      const failed = thrown as ExecFileException & { stdout: string; stderr: string };
      return { code: Number(failed.code ?? 1), stdout: failed.stdout, stderr: failed.stderr };
    }
  };
  const nova = (...args: readonly string[]) =>
    finish('./nova', [...args, '--port-offset', String(offset)]);
  const moved = (command: string) => {
    let text = command
      .replaceAll(/\\\n\s*/g, '')
      .replaceAll(/^\.\/nova [^|\n]*[^|\s]/gm, (line) => `${line} --port-offset ${offset}`)
      .replaceAll(' .nova/', ` ${join(state, `offset-${offset}`)}/`);
    for (const conventional of CONVENTIONAL_PORTS) {
      text = text.replaceAll(`localhost:${conventional}`, `localhost:${port(conventional)}`);
    }
    return text;
  };
  return {
    environment,
    port,
    nova,
    moved,
    shell: (command) => finish('bash', ['-ec', moved(command)]),
    async pids() {
      const { stdout } = await nova('status', '-o', 'json');
      // The shape of `nova status -o json`, which up.e2e.spec.ts asserts.
      const { parts } = JSON.parse(stdout) as { parts: { name: string; pid: number }[] };
      return new Map(parts.map(({ name, pid }) => [name, pid]));
    },
    async databaseUrl(database) {
      const variable = `${database.toUpperCase()}_DATABASE_URL`;
      const environmentFile = globSync('**/env', { cwd: state })[0] ?? '';
      const { stdout } = await finish('bash', [
        '-c',
        `. "$0"; printf %s "$${variable}"`,
        join(state, environmentFile),
      ]);
      if (stdout === '') throw new Error(`${environmentFile} does not set ${variable}`);
      return stdout;
    },
    async remove() {
      await nova('reset', '--yes');
      rmSync(state, { recursive: true, force: true });
    },
  };
}
