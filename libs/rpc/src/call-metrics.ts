import { histogram, metricNames } from '@nova/telemetry';
import type { ServedMethod } from './implement.ts';
import type { WireStatus } from './wire-status.ts';

const duration = histogram(
  metricNames.rpcDuration,
  'Time from the headers of a call to its status',
);

/** Counts a call that took `ms` milliseconds by its method and status. */
export function countCall(
  { fullName }: ServedMethod,
  status: WireStatus['status'],
  ms: number,
): void {
  duration.record(ms / 1000, { rpc_method: fullName, rpc_status: status });
}
