import { messageOf } from '@nova/errors';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { createClient } from '@nova/rpc';
import { withDeadline } from '@nova/time';
import { askBacklog, type Backlog } from './backlog.ts';
import {
  askConsumers,
  type ConsumerStanding,
  needsOperator,
} from './consumers/consumer-standing.ts';
import { registeredConsumers } from './consumers/registered-consumer.ts';
import { freeBytes } from './full-disk.ts';
import { type Stack, stackAddresses } from './stack.ts';
import { type PartRow, stackParts } from './stack-plan.ts';
import { askOpsHealth, complaintsOf } from './supervise/ops-health.ts';
import {
  isAlive,
  memoryOfTree,
  type ProcessTable,
  processTable,
} from './supervise/process-table.ts';
import type { PartState } from './supervise/supervised-part.ts';
import {
  livingParts,
  type PartRecord,
  readRecord,
  type SupervisorRecord,
} from './supervise/supervisor-state.ts';

/** `healthy` and `degraded` answer; `down` does not. */
export type HealthWord = 'healthy' | 'degraded' | 'down';

/** One part as `status` shows it. */
export interface PartStatus {
  readonly name: string;
  readonly state: PartState;
  readonly pid: number | undefined;
  readonly address: string;
  readonly memory_bytes: number | undefined;
  readonly health: HealthWord;
  /** Why it is not healthy; empty when it is. */
  readonly reason: string;
  readonly restarts: number;
  /** The stack is up without it. */
  readonly dispensable: boolean;
  /** When the state was entered. */
  readonly since: string | undefined;
}

/** All that `status` tells. */
export interface StatusReport {
  readonly running: boolean;
  /** A part is degraded, or a consumer or the relay has parked something. */
  readonly degraded: boolean;
  readonly state_directory: string;
  /** Room for logs, topics and the log of events; undefined where the folder is not there. */
  readonly free_bytes: number | undefined;
  readonly supervisor_pid: number | undefined;
  readonly addresses: Readonly<Record<string, unknown>>;
  readonly parts: readonly PartStatus[];
  /** Of all processes together, the supervisor included. */
  readonly memory_bytes: number;
  readonly backlog: BacklogStatus | undefined;
  /** Every registered consumer, of all teams; and those of this stack's services. */
  readonly consumers: readonly ConsumerStanding[];
}

/** The backlog in the words of the report. */
export interface BacklogStatus {
  readonly head: string;
  readonly pending: bigint;
  readonly pending_is_upper_bound: boolean;
  readonly oldest_pending_age_ms: number | undefined;
  readonly published_per_second: number;
  /** What Kafka refuses, which waits for an operator. */
  readonly parked_aggregates: bigint;
  readonly parked_events: bigint;
}

const CHECK_DEADLINE_MS = 3_000;
const ASK_EVENTS_MS = 2_000;

/** Asks every part and the log at the same time; takes at most about 3 s. Never rejects. */
export async function statusReport(stack: Stack): Promise<StatusReport> {
  const record = readRecord(stack.runDirectory);
  const living = new Set(livingParts(record).map(({ name }) => name));
  const table = processTable();
  const addresses = stackAddresses(stack);
  const rows = stackParts(stack);
  const [parts, backlog, consumers] = await Promise.all([
    Promise.all(
      rows.map((row) => {
        const known = record?.parts.find(({ name }) => name === row.name);
        return partStatus(row, living.has(row.name) ? known : undefined, known, table);
      }),
    ),
    living.size === 0 ? undefined : askBacklog(addresses.events).catch(() => undefined),
    living.size === 0 ? [] : consumersOf(rows, addresses.events, living),
  ]);
  return {
    running: parts.every(({ health, dispensable }) => dispensable || health !== 'down'),
    degraded:
      parts.some(
        ({ health, dispensable, pid }) =>
          health === 'degraded' || (dispensable && pid !== undefined && health === 'down'),
      ) ||
      (backlog?.parkedAggregates ?? 0n) > 0n ||
      consumers.some(needsOperator),
    state_directory: stack.directory,
    free_bytes: roomFor(stack.directory),
    supervisor_pid: record?.supervisor.pid,
    addresses: { ...addresses },
    parts,
    memory_bytes: totalMemory(record, parts, table),
    backlog: backlog === undefined ? undefined : backlogStatus(backlog),
    consumers,
  };
}

function roomFor(directory: string): number | undefined {
  try {
    return freeBytes(directory);
  } catch {
    return undefined;
  }
}

// Without events-service only those of this stack are known.
async function consumersOf(
  rows: readonly PartRow[],
  events: string,
  living: ReadonlySet<string>,
): Promise<readonly ConsumerStanding[]> {
  const own = rows.flatMap(({ name, consumes, grpcPort }) =>
    consumes && living.has(name) ? [`127.0.0.1:${grpcPort}`] : [],
  );
  const client = createClient(EventsService, { address: events, deadlineMs: ASK_EVENTS_MS });
  try {
    const registered = await registeredConsumers(client).catch(() => []);
    return await askConsumers(registered, own);
  } finally {
    client.close();
  }
}

// The parts are children of the supervisor; without it they are added up.
function totalMemory(
  record: SupervisorRecord | undefined,
  parts: readonly PartStatus[],
  table: ProcessTable,
): number {
  if (record !== undefined && isAlive(record.supervisor)) {
    return memoryOfTree(record.supervisor.pid, table);
  }
  return parts.reduce((sum, part) => sum + (part.memory_bytes ?? 0), 0);
}

async function partStatus(
  row: PartRow,
  living: PartRecord | undefined,
  known: PartRecord | undefined,
  table: ProcessTable,
): Promise<PartStatus> {
  const pid = living?.process?.pid;
  const { health, reason } = pid === undefined ? notRunning(known) : await healthOf(row);
  return {
    name: row.name,
    state: living?.state ?? (known?.state === 'restarting' ? 'restarting' : 'stopped'),
    pid,
    address: row.address,
    memory_bytes: pid === undefined ? undefined : memoryOfTree(pid, table),
    health,
    reason,
    restarts: known?.restarts ?? 0,
    dispensable: row.dispensable ?? false,
    since: known?.since,
  };
}

function notRunning(known: PartRecord | undefined): { health: HealthWord; reason: string } {
  return { health: 'down', reason: known?.lastExit ?? 'it is not running' };
}

async function healthOf(row: PartRow): Promise<{ health: HealthWord; reason: string }> {
  try {
    await withDeadline(row.server.ready(), CHECK_DEADLINE_MS, `asking ${row.name}`);
    if (row.opsPort === undefined) return { health: 'healthy', reason: '' };
    const told = await askOpsHealth(row.opsPort);
    return {
      health: told.condition === 'ready' ? 'healthy' : told.condition,
      reason: complaintsOf(told),
    };
  } catch (thrown) {
    return { health: 'down', reason: messageOf(thrown) };
  }
}

function backlogStatus(backlog: Backlog): BacklogStatus {
  return {
    head: backlog.head,
    pending: backlog.pending,
    pending_is_upper_bound: backlog.pendingIsUpperBound,
    oldest_pending_age_ms: backlog.oldestPendingAgeMs,
    published_per_second: backlog.publishedPerSecond,
    parked_aggregates: backlog.parkedAggregates,
    parked_events: backlog.parkedEvents,
  };
}
