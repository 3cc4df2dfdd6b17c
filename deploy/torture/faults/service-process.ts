import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { processEnvironment } from '@nova/config';
import { freePorts, waitFor } from '@nova/testkit';

const root = join(import.meta.dirname, '../../..');
const TELEMETRY = pathToFileURL(join(root, 'libs/telemetry/src/register.ts')).href;
const READY_WITHIN_MS = 60_000;
const REDELIVERED = /^cqrs_duplicate_events_total(?:\{[^}]*\})? (\d+)/gm;
const METRICS_WITHIN_MS = 1000;

/** What a process of a service is made of. */
export interface ServiceOptions {
  readonly name: string;
  /** Relative to the root, for example services/events-service. */
  readonly folder: string;
  readonly main: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly logFile: string;
}

/** A service as a process that may be treated badly, on the same ports for good. */
export class ServiceProcess {
  readonly name: string;
  readonly #options: ServiceOptions;
  readonly #grpcPort: number;
  readonly #opsPort: number;
  #child: ChildProcess | undefined;
  #redelivered = 0;

  private constructor(options: ServiceOptions, grpcPort: number, opsPort: number) {
    this.name = options.name;
    this.#options = options;
    this.#grpcPort = grpcPort;
    this.#opsPort = opsPort;
  }

  /** Not yet started. */
  static async prepare(options: ServiceOptions): Promise<ServiceProcess> {
    const [grpcPort = 0, opsPort = 0] = await freePorts(2);
    return new ServiceProcess(options, grpcPort, opsPort);
  }

  get grpcPort(): number {
    return this.#grpcPort;
  }

  /** Bytes of memory that it holds; undefined while it does not run. */
  memory(): number | undefined {
    try {
      const status = readFileSync(`/proc/${this.#child?.pid}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
    } catch {
      return undefined;
    }
  }

  /** How many events more it says that it got again, since it was asked last; 0 where it does not answer. */
  async redelivered(): Promise<number> {
    try {
      const address = `http://127.0.0.1:${this.#opsPort}/metrics`;
      const answer = await fetch(address, { signal: AbortSignal.timeout(METRICS_WITHIN_MS) });
      const counts = (await answer.text()).matchAll(REDELIVERED);
      const all = [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
      // A process that was started again counts from nothing.
      const more = all < this.#redelivered ? all : all - this.#redelivered;
      this.#redelivered = all;
      return more;
    } catch {
      return 0;
    }
  }

  /** Resolves at once; see {@link ready}. */
  start(...args: readonly string[]): void {
    const { folder, main, environment, logFile } = this.#options;
    const { PATH = '' } = processEnvironment;
    const log = openSync(logFile, 'a');
    this.#child = spawn(process.execPath, ['--import', TELEMETRY, join('src', main), ...args], {
      cwd: join(root, folder),
      env: {
        PATH,
        NOVA_MODE: 'development',
        NOVA_SUPERVISED: '1',
        NOVA_GRPC_PORT: String(this.#grpcPort),
        NOVA_OPS_PORT: String(this.#opsPort),
        ...environment,
      },
      // Standard input ends with this process, and then the service does.
      stdio: ['pipe', log, log],
    });
    closeSync(log);
  }

  /** Resolves when it says that it is ready. */
  async ready(): Promise<void> {
    await waitFor(
      async () => {
        const answer = await fetch(`http://127.0.0.1:${this.#opsPort}/health/ready`);
        return answer.ok;
      },
      { withinMs: READY_WITHIN_MS, what: `readiness of ${this.name}`, everyMs: 100 },
    );
  }

  /** Resolves with its exit code. */
  async ended(): Promise<number | null> {
    const child = this.#child;
    if (child !== undefined && !hasEnded(child)) await once(child, 'exit');
    return child?.exitCode ?? null;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Ends it; a process that is stopped can only be killed. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.signal(signal);
    await this.ended();
  }

  /** Whether it ended although nobody asked it to. */
  get isGone(): boolean {
    return this.#child !== undefined && hasEnded(this.#child);
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
