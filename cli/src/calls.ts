import type { DescService } from '@nova/proto/runtime';
import { type Client, createClient } from '@nova/rpc';
import { callerCredentials } from './caller.ts';
import { eventsAddress } from './events-address.ts';
import type { Invocation } from './verb.ts';

const DEADLINE_MS = 20_000;

/** Gives `work` a client of events-service and closes it afterwards. Calls fail with RpcError. */
export async function withEventsClient<S extends DescService, T>(
  service: S,
  invocation: Pick<Invocation, 'environment' | 'portOffset'>,
  work: (client: Client<S>) => Promise<T>,
): Promise<T> {
  const address = eventsAddress(invocation);
  const client = createClient(service, {
    address,
    deadlineMs: DEADLINE_MS,
    credentials: callerCredentials(invocation.environment),
  });
  try {
    return await work(client);
  } finally {
    client.close();
  }
}
