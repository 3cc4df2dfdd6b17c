import { EventForwarding } from '@nova/proto/gen/events/event_forwarding_pb';
import { EventLog } from '@nova/proto/gen/events/event_log_pb';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { implement, type Policies, type ServiceImplementation } from '@nova/rpc';
import { append } from './append.ts';
import { cancelReplay } from './cancel-replay.ts';
import { cancelRepublish } from './cancel-republish.ts';
import { cancelScheduledEvent } from './cancel-scheduled-event.ts';
import { checkEventSchema } from './check-event-schema.ts';
import { consume } from './consume.ts';
import { createSubscription } from './create-subscription.ts';
import { deleteSubscription } from './delete-subscription.ts';
import type { Dependencies } from './dependencies.ts';
import { deprecateEventSchema } from './deprecate-event-schema.ts';
import { discardSubscriptionParked } from './discard-subscription-parked.ts';
import { forward } from './forward.ts';
import { getEvent } from './get-event.ts';
import { getEventSchema } from './get-event-schema.ts';
import { getEventStats } from './get-event-stats.ts';
import { getEventsByAggregate } from './get-events-by-aggregate.ts';
import { getEventsByType } from './get-events-by-type.ts';
import { getLog } from './get-log.ts';
import { getOutboxStatus } from './get-outbox-status.ts';
import { getSubscription } from './get-subscription.ts';
import { listConsumers } from './list-consumers.ts';
import { listEventSchemas } from './list-event-schemas.ts';
import { listRelayParked } from './list-relay-parked.ts';
import { listRepublishes } from './list-republishes.ts';
import { listScheduledEvents } from './list-scheduled-events.ts';
import { listSubscriptionParked } from './list-subscription-parked.ts';
import { listSubscriptions } from './list-subscriptions.ts';
import { publishEvent } from './publish-event.ts';
import { publishEvents } from './publish-events.ts';
import { publishStream } from './publish-stream.ts';
import { readAggregates } from './read-aggregates.ts';
import { readLog } from './read-log.ts';
import { rebaseLog } from './rebase-log.ts';
import { registerConsumer } from './register-consumer.ts';
import { registerEventSchema } from './register-event-schema.ts';
import { replayEvents } from './replay-events.ts';
import { replaySubscriptionParked } from './replay-subscription-parked.ts';
import { resolve } from './resolve.ts';
import { retryRelayParked } from './retry-relay-parked.ts';
import { startRepublish } from './start-republish.ts';
import { subscribeToEvents } from './subscribe-to-events.ts';
import { updateSubscription } from './update-subscription.ts';

const EVENTS_ROLES: Policies<typeof EventsService> = {
  publishEvent: 'writer',
  publishEvents: 'writer',
  publishStream: 'writer',
  cancelScheduledEvent: 'writer',
  listScheduledEvents: ['writer', 'admin'],
  getEvent: 'reader',
  getEventsByAggregate: 'reader',
  getEventsByType: 'reader',
  getOutboxStatus: 'reader',
  getEventStats: 'reader',
  listConsumers: 'reader',
  listRelayParked: 'admin',
  retryRelayParked: 'admin',
  startRepublish: 'admin',
  listRepublishes: 'admin',
  cancelRepublish: 'admin',
  rebaseLog: 'admin',
  subscribeToEvents: 'reader',
  registerEventSchema: 'admin',
  getEventSchema: 'reader',
  listEventSchemas: 'reader',
  deprecateEventSchema: 'admin',
  checkEventSchema: 'reader',
  createSubscription: 'admin',
  getSubscription: 'reader',
  listSubscriptions: 'reader',
  updateSubscription: 'admin',
  deleteSubscription: 'admin',
  consume: 'reader',
  listSubscriptionParked: 'reader',
  replaySubscriptionParked: 'admin',
  discardSubscriptionParked: 'admin',
  replayEvents: 'admin',
  cancelReplay: 'admin',
};

const LOG_ROLES: Policies<typeof EventLog> = {
  append: 'service',
  resolve: 'service',
  readAggregates: 'service',
  readLog: 'service',
  getLog: 'service',
  registerConsumer: 'service',
};

const FORWARDING_ROLES: Policies<typeof EventForwarding> = { forward: 'service' };

/** Every RPC of events-service with the role it takes. */
export function eventsServices(dependencies: Dependencies): ServiceImplementation[] {
  return [
    implement(
      EventsService,
      {
        publishEvent: publishEvent(dependencies),
        publishEvents: publishEvents(dependencies),
        publishStream: publishStream(dependencies),
        cancelScheduledEvent: cancelScheduledEvent(dependencies),
        listScheduledEvents: listScheduledEvents(dependencies),
        getEvent: getEvent(dependencies),
        getEventsByAggregate: getEventsByAggregate(dependencies),
        getEventsByType: getEventsByType(dependencies),
        getOutboxStatus: getOutboxStatus(dependencies),
        getEventStats: getEventStats(dependencies),
        listConsumers: listConsumers(dependencies),
        listRelayParked: listRelayParked(dependencies),
        retryRelayParked: retryRelayParked(dependencies),
        startRepublish: startRepublish(dependencies),
        listRepublishes: listRepublishes(dependencies),
        cancelRepublish: cancelRepublish(dependencies),
        rebaseLog: rebaseLog(dependencies),
        subscribeToEvents: subscribeToEvents(dependencies),
        registerEventSchema: registerEventSchema(dependencies),
        getEventSchema: getEventSchema(dependencies),
        listEventSchemas: listEventSchemas(dependencies),
        deprecateEventSchema: deprecateEventSchema(dependencies),
        checkEventSchema: checkEventSchema(dependencies),
        createSubscription: createSubscription(dependencies),
        getSubscription: getSubscription(dependencies),
        listSubscriptions: listSubscriptions(dependencies),
        updateSubscription: updateSubscription(dependencies),
        deleteSubscription: deleteSubscription(dependencies),
        consume: consume(dependencies),
        listSubscriptionParked: listSubscriptionParked(dependencies),
        replaySubscriptionParked: replaySubscriptionParked(dependencies),
        discardSubscriptionParked: discardSubscriptionParked(dependencies),
        replayEvents: replayEvents(dependencies),
        cancelReplay: cancelReplay(dependencies),
      },
      EVENTS_ROLES,
    ),
    implement(
      EventLog,
      {
        append: append(dependencies),
        resolve: resolve(dependencies),
        readAggregates: readAggregates(dependencies),
        readLog: readLog(dependencies),
        getLog: getLog(dependencies),
        registerConsumer: registerConsumer(dependencies),
      },
      LOG_ROLES,
    ),
    implement(EventForwarding, { forward: forward(dependencies) }, FORWARDING_ROLES),
  ];
}
