import { isCanonicalUuid } from '@nova/events';
import type { Call } from '@nova/rpc';
import { actingUser, invalidRequest } from '@nova/service-kit';

/**
 * The user whose notifications a call is about: the caller, or whom a service names.
 *
 * @throws REQUEST_INVALID, REQUEST_USER_DENIED
 */
export function userOf(call: Call, { userId }: { readonly userId: string }): string {
  if (userId !== '' && !isCanonicalUuid(userId)) {
    throw invalidRequest([{ field: 'user_id', description: 'must be a UUID in lower case' }]);
  }
  return actingUser(call, userId, 'user_id');
}
