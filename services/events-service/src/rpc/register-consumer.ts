import { formatPosition } from '@nova/events';
import { logHead } from '@nova/outbox';
import type {
  RegisterConsumerRequest,
  RegisterConsumerResponseSchema,
} from '@nova/proto/gen/events/event_log_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { acceptEventTypes, checkName } from '../domain/accept-log-request.ts';
import { invalid } from '../domain/refusal.ts';
import { Violations } from '../domain/violations.ts';
import { MEMBER_TTL_SECONDS, registerMember } from '../storage/consumers.ts';
import type { Dependencies } from './dependencies.ts';

type Response = MessageInitShape<typeof RegisterConsumerResponseSchema>;

const HOST_AND_PORT = /^(\[[0-9a-f:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/;

/** Notes that a member of a consumer is running; it repeats the call before the time to live ends. */
export function registerConsumer({ database, types }: Dependencies) {
  return async (request: RegisterConsumerRequest): Promise<Response> => {
    const violations = new Violations();
    const { service, consumer, generation, opsAddress } = request;
    checkName(service, 'service', violations);
    checkName(consumer, 'consumer', violations);
    if (generation < 0) violations.add('generation', 'must not be negative');
    if (!HOST_AND_PORT.test(opsAddress)) violations.add('ops_address', 'must be host:port');
    if (request.eventTypes.length === 0) violations.add('event_types', 'is required');
    const known = await types.know(request.eventTypes);
    const eventTypes = acceptEventTypes(known, request.eventTypes, 'event_types', violations);
    if (!violations.none) throw invalid(violations);
    const { head } = await logHead(database);
    const member = { service, consumer, generation, eventTypes, opsAddress };
    const { effectsFrom } = await registerMember(database, member, formatPosition(head));
    return { ttlSeconds: MEMBER_TTL_SECONDS, registeredAt: effectsFrom };
  };
}
