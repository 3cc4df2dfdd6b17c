import { NovaError } from '@nova/errors';
import type { Event } from '@nova/proto/gen/events/event_pb';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { type Client, RpcError } from '@nova/rpc';
import { withEventsClient } from '../calls.ts';
import { registeredConsumers } from '../consumers/registered-consumer.ts';
import { errors } from '../errors.ts';
import { kafkaConnection } from '../topics/kafka-connection.ts';
import { type ExitCode, type Invocation, wrongUse } from '../verb.ts';
import { traceDelivery } from './delivery.ts';
import { findRecord } from './find-record.ts';
import { printTrace } from './print-trace.ts';
import { eventOf, type Trace } from './trace.ts';

type Call = Pick<Invocation, 'args' | 'out' | 'environment' | 'portOffset'>;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** `trace`: where an event is and what became of it. @throws CLI_EVENT_UNKNOWN, RpcError */
export async function runTrace(call: Call): Promise<ExitCode> {
  const eventId = (call.args[0] ?? '').toLowerCase();
  if (!UUID.test(eventId)) throw wrongUse(`an event id is a UUID: ${call.args[0]}`);
  const trace = await withEventsClient(EventsService, call, async (client): Promise<Trace> => {
    const event = await eventOrUnknown(client, eventId);
    const [record, deliveries] = await Promise.all([
      findRecord(event, client, kafkaConnection(call)),
      registeredConsumers(client).then((consumers) =>
        Promise.all(consumers.map((consumer) => traceDelivery(consumer, event))),
      ),
    ]);
    return { event: eventOf(event), kafka: record, consumers: deliveries };
  });
  if (call.out.format === 'json') call.out.json(trace);
  else printTrace(trace, call.out);
  return 0;
}

async function eventOrUnknown(
  client: Client<typeof EventsService>,
  eventId: string,
): Promise<Event> {
  try {
    const { event } = await client.getEvent({ eventId });
    if (event === undefined) throw new TypeError('events-service answered without the event');
    return event;
  } catch (thrown) {
    const isUnknown = thrown instanceof RpcError && thrown.reason === 'EVENT_NOT_FOUND';
    if (!isUnknown) throw thrown;
    throw new NovaError(errors.CLI_EVENT_UNKNOWN, { event_id: eventId }, { cause: thrown });
  }
}
