import type { DeliveryState } from '@nova/consumer';
import { parseTime } from '@nova/events';
import { DeliveryCondition } from '@nova/proto/gen/ops/ops_service_pb';

/** States of deliveries as they go over the wire. */
export const CONDITIONS: Readonly<Record<DeliveryState['state'], DeliveryCondition>> = {
  applied: DeliveryCondition.APPLIED,
  waiting: DeliveryCondition.WAITING,
  retrying: DeliveryCondition.RETRYING,
  parked: DeliveryCondition.PARKED,
  not_subscribed: DeliveryCondition.NOT_SUBSCRIBED,
};

/** A field with a time, where there is one. */
export function timeField<Name extends string>(name: Name, text: string | undefined) {
  const time = text === undefined ? undefined : parseTime(text);
  // One property of this name, or none.
  return (time === undefined ? {} : { [name]: time }) as { [N in Name]?: NonNullable<typeof time> };
}
