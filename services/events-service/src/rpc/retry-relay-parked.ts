import { retryParkedInRelay } from '@nova/outbox';
import type {
  RetryRelayParkedRequest,
  RetryRelayParkedResponseSchema,
} from '@nova/proto/gen/events/events_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { checkName } from '../domain/accept-log-request.ts';
import { invalid } from '../domain/refusal.ts';
import { Violations } from '../domain/violations.ts';
import type { Dependencies } from './dependencies.ts';

type Response = MessageInitShape<typeof RetryRelayParkedResponseSchema>;

/** Has the relay try an aggregate, or everything it has parked, at once. */
export function retryRelayParked({ database }: Dependencies) {
  return async (request: RetryRelayParkedRequest): Promise<Response> => {
    const { aggregateType, aggregateId } = request;
    if (aggregateType === '' && aggregateId === '') {
      return { retried: await retryParkedInRelay(database) };
    }
    const violations = new Violations();
    checkName(aggregateType, 'aggregate_type', violations);
    checkName(aggregateId, 'aggregate_id', violations);
    if (!violations.none) throw invalid(violations);
    return { retried: await retryParkedInRelay(database, { aggregateType, aggregateId }) };
  };
}
