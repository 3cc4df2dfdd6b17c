import { messageOf, NovaError } from '@nova/errors';
import { type Clock, sleep } from '@nova/time';
import { errors } from '../errors.ts';
import { askOpsHealth, complaintsOf, haveBegun } from './ops-health.ts';

/** How long services may be degraded after their start, until they have found each other. */
const HEALTHY_WITHIN_MS = 60_000;
const ASK_EVERY_MS = 50;

/** A process that tells about its health. */
interface Telling {
  readonly name: string;
  readonly opsPort?: number;
  /** It has consumers, which must have begun as well. */
  readonly consumes?: boolean;
}

/**
 * Waits until every process with an ops port is well, its consumers have their partitions.
 *
 * @throws CLI_START_FAILED with the complaints of the first that does not become well in time.
 */
export async function untilHealthy(rows: readonly Telling[], clock: Clock): Promise<string> {
  const deadline = clock.monotonicMs() + HEALTHY_WITHIN_MS;
  for (const { name, opsPort, consumes = false } of rows) {
    if (opsPort === undefined) continue;
    for (;;) {
      const reason = await whatIsWrong(opsPort, consumes).catch(messageOf);
      if (reason === undefined) break;
      if (clock.monotonicMs() > deadline) {
        throw new NovaError(errors.CLI_START_FAILED, { part: name, reason, tail: '' });
      }
      await sleep(ASK_EVERY_MS);
    }
  }
  return '';
}

async function whatIsWrong(opsPort: number, consumes: boolean): Promise<string | undefined> {
  const health = await askOpsHealth(opsPort);
  if (health.condition !== 'ready') return complaintsOf(health);
  if (consumes && !(await haveBegun(opsPort))) return 'its consumer has not begun';
  return undefined;
}
