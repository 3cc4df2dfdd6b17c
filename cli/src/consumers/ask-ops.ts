import { processEnvironment } from '@nova/config';
import { messageOf } from '@nova/errors';
import { OpsService } from '@nova/proto/gen/ops/ops_service_pb';
import { type Client, createClient } from '@nova/rpc';
import { callerCredentials } from '../caller.ts';

const DEADLINE_MS = 3_000;

/** What a process answered, or why it did not. */
export type OpsAnswer<T> = { readonly told: T } | { readonly unreachable: string };

/**
 * Asks the OpsService at an address (host:port), with the credentials of this process. Rejects only
 * when those cannot be read.
 */
export async function askOps<T>(
  address: string,
  ask: (client: Client<typeof OpsService>) => Promise<T>,
): Promise<OpsAnswer<T>> {
  const client = createClient(OpsService, {
    address,
    deadlineMs: DEADLINE_MS,
    credentials: callerCredentials(processEnvironment),
  });
  try {
    return { told: await ask(client) };
  } catch (thrown) {
    return { unreachable: `${address}: ${messageOf(thrown)}` };
  } finally {
    client.close();
  }
}
