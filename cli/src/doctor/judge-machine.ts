import { doubtful, type Finding, fine, wrong } from './finding.ts';

const GIB = 1024 ** 3;
/** Below this the log, the topics or the jars soon find no room. */
const LEAST_FREE_DISK = 1 * GIB;
const GOOD_FREE_DISK = 3 * GIB;
/** What all processes together need; measured idle, they hold about 1 GiB. */
const LEAST_FREE_MEMORY = 1.5 * GIB;
const LEAST_NODE = 24;
/** Seconds a clock may be behind something that is older than now for sure. */
const CLOCK_SLACK_MS = 60_000;

/** Judges the version of the Node that runs nova. */
export function judgeNode(version: string): Finding {
  const major = Number(version.replace(/^v/, '').split('.')[0]);
  if (major >= LEAST_NODE) return fine('Node', version);
  return wrong('Node', `${version} runs nova, it needs ${LEAST_NODE}`, 'Start it through ./nova.');
}

/** Judges the room on the disk of a folder. */
export function judgeDisk(directory: string, freeBytes: number): Finding {
  const free = `${(freeBytes / GIB).toFixed(1)} GiB free for ${directory}`;
  const remedy = 'Make room, or move the state with NOVA_STATE_DIR.';
  if (freeBytes < LEAST_FREE_DISK) return wrong('disk', free, remedy);
  if (freeBytes < GOOD_FREE_DISK) return doubtful('disk', free, remedy);
  return fine('disk', free);
}

/** Judges the memory that is free for a stack that is not running yet. */
export function judgeMemory(availableBytes: number, running: boolean): Finding {
  const available = `${(availableBytes / GIB).toFixed(1)} GiB available`;
  if (running || availableBytes >= LEAST_FREE_MEMORY) return fine('memory', available);
  return wrong('memory', available, 'nova needs 1.5 GiB: end other programs, or add memory.');
}

/**
 * Judges the wall clock by something that lies in the past for sure, such as the last change of a
 * file of the state folder. A clock that is behind breaks leases, and order by time.
 */
export function judgeClock(nowMs: number, pastMs: number, pastWhat: string): Finding {
  if (nowMs + CLOCK_SLACK_MS >= pastMs) return fine('clock', new Date(nowMs).toISOString());
  return wrong(
    'clock',
    `it says ${new Date(nowMs).toISOString()}, but ${pastWhat} is of ${new Date(pastMs).toISOString()}`,
    'Set the clock (timedatectl set-ntp true), then start nova again.',
  );
}
