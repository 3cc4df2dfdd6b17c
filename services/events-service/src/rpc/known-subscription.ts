import { NovaError } from '@nova/errors';
import type { Queryable } from '@nova/postgres';
import type { KeptSubscription } from '../domain/subscription.ts';
import { errors } from '../errors.ts';
import { subscriptionByName } from '../storage/subscriptions/kept.ts';

/** @throws SUBSCRIPTION_UNKNOWN */
export async function knownSubscription(
  database: Queryable,
  name: string,
): Promise<KeptSubscription> {
  const found = await subscriptionByName(database, name);
  if (found === undefined) throw new NovaError(errors.SUBSCRIPTION_UNKNOWN, { name });
  return found.kept;
}
