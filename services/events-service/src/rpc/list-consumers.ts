import type {
  ListConsumersRequest,
  ListConsumersResponseSchema,
} from '@nova/proto/gen/events/events_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { instantOf } from '../domain/event-time.ts';
import { knownConsumers } from '../storage/consumers.ts';
import type { Dependencies } from './dependencies.ts';

type Response = MessageInitShape<typeof ListConsumersResponseSchema>;

/** Answers with all consumers that ever registered, and where those that run can be asked. */
export function listConsumers({ database }: Dependencies) {
  return async (_: ListConsumersRequest): Promise<Response> => {
    const consumers = await knownConsumers(database);
    return {
      consumers: consumers.map(
        ({ registeredAt, lastSeenAt, members, eventTypes, fields: _, ...consumer }) => ({
          ...consumer,
          eventTypes: [...eventTypes],
          registeredAt: instantOf(registeredAt),
          lastSeenAt: instantOf(lastSeenAt),
          members: members.map((member) => ({
            ...member,
            lastSeenAt: instantOf(member.lastSeenAt),
          })),
        }),
      ),
    };
  };
}
