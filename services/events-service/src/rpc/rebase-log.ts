import { rebase } from '@nova/outbox';
import type {
  RebaseLogRequest,
  RebaseLogResponseSchema,
} from '@nova/proto/gen/events/events_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { invalid } from '../domain/refusal.ts';
import { Violations } from '../domain/violations.ts';
import type { Dependencies } from './dependencies.ts';

const LONGEST_REASON = 1000;

/** Begins a new epoch, as an operator asks for it after a loss that the log cannot notice itself. */
export function rebaseLog({ database, growth, logger }: Dependencies) {
  return async (
    { reason }: RebaseLogRequest,
    call: Call,
  ): Promise<MessageInitShape<typeof RebaseLogResponseSchema>> => {
    const violations = new Violations();
    if (reason.trim() === '') violations.add('reason', 'must say why');
    if (reason.length > LONGEST_REASON) {
      violations.add('reason', `must not be above ${LONGEST_REASON} long`);
    }
    if (!violations.none) throw invalid(violations);
    const { epoch, position } = await rebase(database);
    logger.warn(
      { epoch, position, principal: call.caller.principal, reason },
      'new epoch begun by an operator',
    );
    // Those who follow the log look again, and see.
    growth.tell();
    return { epoch, firstPosition: position + 1n };
  };
}
