import { messageOf, NovaError } from '@nova/errors';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { OpsService } from '@nova/proto/gen/ops/ops_service_pb';
import { type Client, createClient, RpcError } from '@nova/rpc';
import { callerCredentials } from '../caller.ts';
import { withEventsClient } from '../calls.ts';
import { type RegisteredConsumer, registeredConsumers } from '../consumers/registered-consumer.ts';
import { errors } from '../errors.ts';
import type { Invocation } from '../verb.ts';

const DEADLINE_MS = 20_000;

/** A consumer and one of its processes that answers. */
export interface AskedConsumer {
  /** `messaging/views` */
  readonly name: string;
  readonly client: Client<typeof OpsService>;
}

/**
 * Gives `work` the consumers that run, or the one that is named, each with a client. One that does
 * not answer is told as a note, unless it is the one that is named.
 *
 * @throws CLI_CONSUMER_UNKNOWN, CLI_CONSUMER_SILENT
 */
export async function withConsumers<T>(
  invocation: Pick<Invocation, 'environment' | 'portOffset' | 'out'>,
  wanted: string | undefined,
  work: (consumers: readonly AskedConsumer[]) => Promise<T>,
): Promise<T> {
  const registered = await withEventsClient(EventsService, invocation, registeredConsumers);
  const meant = registered.filter(({ name }) => wanted === undefined || name === wanted);
  if (wanted !== undefined && meant.length === 0) {
    const known = registered.map(({ name }) => name).join(', ') || 'none';
    throw new NovaError(errors.CLI_CONSUMER_UNKNOWN, { consumer: wanted, known });
  }
  const asked: AskedConsumer[] = [];
  try {
    for (const consumer of meant) {
      const found = await firstThatAnswers(invocation, consumer);
      if ('client' in found) {
        asked.push({ name: consumer.name, client: found.client });
        continue;
      }
      if (wanted !== undefined) {
        throw new NovaError(errors.CLI_CONSUMER_SILENT, { consumer: wanted, reason: found.silent });
      }
      invocation.out.note(`${consumer.name} does not answer: ${found.silent}`);
    }
    return await work(asked);
  } finally {
    for (const { client } of asked) client.close();
  }
}

async function firstThatAnswers(
  { environment }: Pick<Invocation, 'environment'>,
  { addresses, lastAddress }: RegisteredConsumer,
): Promise<{ readonly client: Client<typeof OpsService> } | { readonly silent: string }> {
  let silent = `no process of it runs; last seen at ${lastAddress}`;
  for (const address of addresses) {
    const client = createClient(OpsService, {
      address,
      deadlineMs: DEADLINE_MS,
      credentials: callerCredentials(environment),
    });
    try {
      await client.listConsumers({}, { deadlineMs: 3000 });
      return { client };
    } catch (thrown) {
      client.close();
      const isRefusal = thrown instanceof RpcError && thrown.status === 'PERMISSION_DENIED';
      if (isRefusal) throw thrown;
      silent = `${address}: ${messageOf(thrown)}`;
    }
  }
  return { silent };
}
