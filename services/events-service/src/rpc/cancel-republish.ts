import { NovaError } from '@nova/errors';
import { isCanonicalUuid } from '@nova/events';
import { cancelRepublish as cancel, listRepublishes } from '@nova/outbox';
import type {
  CancelRepublishRequest,
  CancelRepublishResponseSchema,
} from '@nova/proto/gen/events/events_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { invalid } from '../domain/refusal.ts';
import { republishMessage } from '../domain/republish-message.ts';
import { Violations } from '../domain/violations.ts';
import { errors } from '../errors.ts';
import type { Dependencies } from './dependencies.ts';

type Response = MessageInitShape<typeof CancelRepublishResponseSchema>;

/** Ends a republish before its end; one that has ended stays as it is. */
export function cancelRepublish({ database }: Dependencies) {
  return async ({ id }: CancelRepublishRequest, call: Call): Promise<Response> => {
    if (!isCanonicalUuid(id)) {
      const violations = new Violations();
      violations.add('id', 'must be a UUID in lower case with hyphens');
      throw invalid(violations);
    }
    await cancel(database, id, call.caller.principal);
    const [found] = await listRepublishes(database, id);
    if (found === undefined) throw new NovaError(errors.REPUBLISH_UNKNOWN, { id });
    return { republish: republishMessage(found) };
  };
}
