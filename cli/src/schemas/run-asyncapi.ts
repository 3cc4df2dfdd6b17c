import { DEFAULT_PARTITIONS } from '@nova/events';
import { asyncApiDocument, type DescribedType } from '@nova/schemas';
import { registeredConsumers } from '../consumers/registered-consumer.ts';
import { kafkaConnection } from '../topics/kafka-connection.ts';
import type { ExitCode } from '../verb.ts';
import { allSchemas, type Call, withSchemas } from './schema-call.ts';

/** Calls side by side. */
const AT_ONCE = 8;

/** `schema asyncapi`: the document of the whole catalogue, always as JSON. @throws RpcError */
export async function runAsyncApi(call: Call, version: string): Promise<ExitCode> {
  const types = await withSchemas(call, async (client) => {
    const listed = await allSchemas(client, { owner: '', includeBuiltIn: true });
    const consumers = await registeredConsumers(client);
    const described: DescribedType[] = [];
    for (let at = 0; at < listed.length; at += AT_ONCE) {
      const some = listed.slice(at, at + AT_ONCE).map(async (one): Promise<DescribedType> => {
        const { schema } = await client.getEventSchema({ eventType: one.eventType });
        return {
          type: one.eventType,
          version: one.version,
          aggregateType: one.aggregateType,
          owner: one.owner,
          topic: one.topic,
          partitions: DEFAULT_PARTITIONS,
          consumers: consumers
            .filter(({ eventTypes }) => eventTypes.includes(one.eventType))
            .map(({ name }) => name),
          deprecation: one.deprecated ? one.deprecationReason : undefined,
          schema: schema?.schema ?? {},
        };
      });
      described.push(...(await Promise.all(some)));
    }
    return described;
  });
  const { brokers } = kafkaConnection(call);
  call.out.json(asyncApiDocument(types, { version, brokers }));
  return 0;
}
