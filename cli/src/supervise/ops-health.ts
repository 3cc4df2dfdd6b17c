import type { PartHealth } from '@nova/lifecycle';

/** What a service says about itself on its ops port. */
export interface OpsHealth {
  readonly condition: 'ready' | 'degraded' | 'down';
  readonly parts: readonly PartHealth[];
}

/**
 * Asks `/health/ready` of the service with this ops port.
 *
 * @throws when nothing answers within `timeoutMs`, or something that is not a nova service.
 */
export async function askOpsHealth(opsPort: number, timeoutMs = 2_000): Promise<OpsHealth> {
  const response = await fetch(`http://127.0.0.1:${opsPort}/health/ready`, {
    signal: AbortSignal.timeout(timeoutMs),
  });
  const told: unknown = await response.json();
  if (!isTold(told)) throw new TypeError(`port ${opsPort} does not belong to a nova service`);
  return { condition: told.status, parts: told.parts };
}

/**
 * Whether the consumers of a service have their partitions and apply events, as `/health/cqrs`
 * tells. One that stands still counts, too: its reason is in the health.
 */
export async function haveBegun(opsPort: number, timeoutMs = 2_000): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${opsPort}/health/cqrs`, {
    signal: AbortSignal.timeout(timeoutMs),
  });
  const told: unknown = await response.json();
  const consumers =
    typeof told === 'object' && told !== null && 'consumers' in told ? told.consumers : undefined;
  if (!Array.isArray(consumers)) return true;
  return consumers.every((one: unknown) => {
    return typeof one === 'object' && one !== null && 'phase' in one && one.phase !== 'starting';
  });
}

/** The parts that are not well, as one line; empty when all are. */
export function complaintsOf({ parts }: OpsHealth): string {
  return parts
    .filter(({ condition }) => condition !== 'ready')
    .map(
      ({ name, condition, reason }) => `${name} ${condition}${reason === '' ? '' : `: ${reason}`}`,
    )
    .join('; ');
}

function isTold(
  value: unknown,
): value is { status: OpsHealth['condition']; parts: readonly PartHealth[] } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'status' in value &&
    (value.status === 'ready' || value.status === 'degraded' || value.status === 'down') &&
    'parts' in value &&
    Array.isArray(value.parts)
  );
}
