import { spawn } from 'node:child_process';
import { messageOf } from '@nova/errors';
import { describeEnd } from './server-process.ts';

/** What became of a program that runs and ends. */
export interface ProgramResult {
  readonly ok: boolean;
  /** "exit code 1", "signal SIGKILL", or why it could not be started. */
  readonly end: string;
  /** Standard output and error together. */
  readonly output: string;
}

/** How a program is run. */
export interface ProgramOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: string;
  /** Ended with force after this time; 60 s by default. */
  readonly withinMs?: number;
  /** Told each line as it comes. */
  readonly onLine?: (line: string) => void;
}

/** Runs a program to its end. Never rejects: a failure is a result. */
export function runProgram(
  file: string,
  args: readonly string[],
  options: ProgramOptions,
): Promise<ProgramResult> {
  return new Promise((resolve) => {
    const child = spawn(file, [...args], {
      env: options.env,
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      timeout: options.withinMs ?? 60_000,
      killSignal: 'SIGKILL',
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    const output: string[] = [];
    const take = (chunk: Buffer) => {
      const text = chunk.toString('utf8');
      output.push(text);
      for (const line of text.split('\n')) if (line.trim() !== '') options.onLine?.(line.trim());
    };
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    // A program that ends without reading its input is judged by its exit code.
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.input ?? '');
    child.once('error', (thrown) => {
      resolve({ ok: false, end: messageOf(thrown), output: output.join('') });
    });
    child.once('close', (code, signal) => {
      const end = describeEnd({ code, signal });
      resolve({ ok: code === 0, end, output: output.join('') });
    });
  });
}
