import type { Clock } from '@nova/time';
import { identify, type ProcessIdentity } from './process-table.ts';
import type { PartSnapshot } from './supervised-part.ts';
import {
  forgetRecord,
  type PartRecord,
  type SupervisorPhase,
  type SupervisorRecord,
  writeRecord,
} from './supervisor-state.ts';

/** Keeps the state file true to what the supervisor knows. */
export class RecordKeeper {
  readonly #runDirectory: string;
  readonly #clock: Clock;
  readonly #supervisor: ProcessIdentity;
  readonly #startedAt: string;
  readonly #since = new Map<string, PartRecord>();
  #phase: SupervisorPhase = 'starting';
  #snapshots: () => readonly PartSnapshot[] = () => [];

  constructor(runDirectory: string, clock: Clock) {
    this.#runDirectory = runDirectory;
    this.#clock = clock;
    // A process that runs has an identity; the fallback never equals one that is read later.
    this.#supervisor = identify(process.pid) ?? { pid: process.pid, started: '' };
    this.#startedAt = clock.now().toISOString();
  }

  /** Says where the present state of the parts is found. */
  follow(snapshots: () => readonly PartSnapshot[]): void {
    this.#snapshots = snapshots;
    this.write();
  }

  enter(phase: SupervisorPhase): void {
    this.#phase = phase;
    this.write();
  }

  /** Writes the file; called at every change of a part. */
  write(): void {
    const record: SupervisorRecord = {
      supervisor: this.#supervisor,
      phase: this.#phase,
      startedAt: this.#startedAt,
      parts: this.#snapshots().map((snapshot) => this.#recordOf(snapshot)),
    };
    try {
      writeRecord(this.#runDirectory, record);
    } catch {
      // A full disk must not end the supervisor, and with it everything it keeps running. The
      // next change writes the file anew.
    }
  }

  forget(): void {
    forgetRecord(this.#runDirectory);
  }

  #recordOf({ name, state, pid, restarts, lastExit }: PartSnapshot): PartRecord {
    const before = this.#since.get(name);
    const known = before?.process?.pid === pid ? before?.process : undefined;
    const running = pid === undefined ? undefined : (known ?? identify(pid));
    const record: PartRecord = {
      name,
      state,
      since: before?.state === state ? before.since : this.#clock.now().toISOString(),
      restarts,
      ...(running === undefined ? {} : { process: running }),
      ...(lastExit === undefined ? {} : { lastExit }),
    };
    this.#since.set(name, record);
    return record;
  }
}
