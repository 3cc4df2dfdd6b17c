import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { identify, isAlive, type ProcessIdentity } from './process-table.ts';
import type { PartState } from './supervised-part.ts';

/** What the supervisor is doing as a whole. */
export type SupervisorPhase = 'starting' | 'running' | 'stopping';

/** A part in the state file. */
export interface PartRecord {
  readonly name: string;
  readonly state: PartState;
  readonly process?: ProcessIdentity;
  /** When the state was entered, RFC 3339. */
  readonly since: string;
  readonly restarts: number;
  readonly lastExit?: string;
}

/** The state file: who supervises, and what of it runs. Written by the supervisor alone. */
export interface SupervisorRecord {
  readonly supervisor: ProcessIdentity;
  readonly phase: SupervisorPhase;
  readonly startedAt: string;
  readonly parts: readonly PartRecord[];
}

const STATE = 'supervisor.json';
const LOCK = 'supervisor.lock';

/** What the last supervisor wrote, also when it is gone; undefined when there was none. */
export function readRecord(runDirectory: string): SupervisorRecord | undefined {
  const parsed = parseFile(join(runDirectory, STATE));
  // Written whole by `writeRecord`, in one rename; another shape is that of another version.
  return isRecord(parsed) ? parsed : undefined;
}

/** The record of a supervisor that is alive. */
export function readLiveRecord(runDirectory: string): SupervisorRecord | undefined {
  const record = readRecord(runDirectory);
  return record !== undefined && isAlive(record.supervisor) ? record : undefined;
}

/** Processes of the record that still run, although their supervisor may be gone. */
export function livingParts(record: SupervisorRecord | undefined): PartRecord[] {
  return (record?.parts ?? []).filter(
    (part) => part.process !== undefined && isAlive(part.process),
  );
}

/** Replaces the state file in one step, so that a reader never sees half of it. */
export function writeRecord(runDirectory: string, record: SupervisorRecord): void {
  const path = join(runDirectory, STATE);
  const fresh = `${path}.${process.pid}`;
  writeFileSync(fresh, `${JSON.stringify(record, null, 2)}\n`);
  renameSync(fresh, path);
}

/** Takes the record away: nothing runs any more. */
export function forgetRecord(runDirectory: string): void {
  rmSync(join(runDirectory, STATE), { force: true });
}

/** The right to supervise a state folder. */
export interface Lock {
  /** False when the file was deleted, most likely with the whole folder. */
  isHeld(): boolean;
  giveBack(): void;
}

/**
 * Makes this process the only supervisor of a state folder; undefined when another process that
 * lives holds it. The lock of a dead one is taken.
 */
export function takeLock(runDirectory: string): Lock | undefined {
  mkdirSync(runDirectory, { recursive: true });
  const path = join(runDirectory, LOCK);
  const mine = JSON.stringify(identify(process.pid));
  for (let attempt = 0; attempt < 5; attempt += 1) {
    if (createWhole(path, mine)) return lockAt(path, mine);
    const holder = parseFile(path);
    if (isIdentity(holder) && isAlive(holder)) return undefined;
    removeStale(path, JSON.stringify(holder));
  }
  return undefined;
}

function lockAt(path: string, mine: string): Lock {
  const isHeld = () => JSON.stringify(parseFile(path)) === mine;
  return {
    isHeld,
    giveBack() {
      if (isHeld()) rmSync(path, { force: true });
    },
  };
}

// A link appears with its content and fails when the name is taken; a created file is empty for a
// moment, in which it would look stale.
function createWhole(path: string, text: string): boolean {
  const fresh = `${path}.${process.pid}.new`;
  writeFileSync(fresh, text);
  try {
    linkSync(fresh, path);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(fresh, { force: true });
  }
}

// Moved aside first and looked at again: between reading and removing, another process may have
// put its own lock there.
function removeStale(path: string, stale: string): void {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
    if (JSON.stringify(parseFile(aside)) === stale) rmSync(aside);
    else renameSync(aside, path);
  } catch {
    // Somebody else removed it.
  }
}

function parseFile(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

function isIdentity(value: unknown): value is ProcessIdentity {
  return typeof value === 'object' && value !== null && 'pid' in value && 'started' in value;
}

function isRecord(value: unknown): value is SupervisorRecord {
  return (
    typeof value === 'object' &&
    value !== null &&
    'parts' in value &&
    Array.isArray(value.parts) &&
    'supervisor' in value &&
    isIdentity(value.supervisor)
  );
}
