import { NovaError, type Violation } from '@nova/errors';
import type { Call } from '@nova/rpc';
import { errors } from './errors.ts';

/** The error of a request with wrong fields; name them as in the proto (`members[3].user_id`). */
export function invalidRequest(violations: readonly Violation[]): NovaError {
  const [first] = violations;
  return new NovaError(
    errors.REQUEST_INVALID,
    { first: first === undefined ? '' : `${first.field} ${first.description}` },
    { violations },
  );
}

/**
 * The user for whom a call acts: the one that the request names, else the caller.
 *
 * @param given the user id in the request, in the catalogue's canonical form; '' = the caller
 * @param field its name, for the error
 * @throws REQUEST_USER_DENIED when another user than the caller is named and the caller may not act
 * for others; REQUEST_INVALID when nobody is named and the caller is no user.
 */
export function actingUser(call: Pick<Call, 'caller'>, given: string, field: string): string {
  const { userId, actsForOthers } = call.caller;
  if (given !== '') {
    if (given === userId || actsForOthers) return given;
    throw new NovaError(errors.REQUEST_USER_DENIED, { field });
  }
  if (userId !== undefined) return userId;
  throw invalidRequest([{ field, description: 'must name the user, since the caller is no user' }]);
}
