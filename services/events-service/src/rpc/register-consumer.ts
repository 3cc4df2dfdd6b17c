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

const MAX_FIELDS = 5_000;
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
    const fields = readFields(request, violations);
    if (!violations.none) throw invalid(violations);
    const { head } = await logHead(database);
    const member = { service, consumer, generation, eventTypes, opsAddress, fields };
    const { effectsFrom } = await registerMember(database, member, formatPosition(head));
    return { ttlSeconds: MEMBER_TTL_SECONDS, registeredAt: effectsFrom };
  };
}

function readFields(
  { fields, eventTypes }: RegisterConsumerRequest,
  violations: Violations,
): Record<string, readonly string[]> {
  const read = Object.entries(fields).map(([type, { names }]) => [type, names] as const);
  if (read.some(([type]) => !eventTypes.includes(type))) {
    violations.add('fields', 'must be of types among event_types');
  }
  const count = read.reduce((sum, [, names]) => sum + names.length, 0);
  if (count > MAX_FIELDS) violations.add('fields', `must be at most ${MAX_FIELDS} in all`);
  for (const name of read.flatMap(([, names]) => names)) checkName(name, 'fields', violations);
  return Object.fromEntries(read);
}
