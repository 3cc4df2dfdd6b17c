import type { Consumer } from '@nova/consumer';
import { OpsService } from '@nova/proto/gen/ops/ops_service_pb';
import { implement, type ServiceImplementation } from '@nova/rpc';
import type { PageTokens } from '../queries/page-tokens.ts';
import type { EventLookup } from './event-lookup.ts';
import { getDeliveryState } from './get-delivery-state.ts';
import { listConsumers } from './list-consumers.ts';
import { listParked } from './list-parked.ts';

/** What operators are answered from. */
export interface OpsPorts {
  readonly consumer: Pick<Consumer, 'status' | 'stateOf' | 'listParked'>;
  readonly events: EventLookup;
  readonly pageTokens: PageTokens;
}

/** `ops.OpsService` of a service with one consumer. */
export function opsService(ports: OpsPorts): ServiceImplementation {
  return implement(
    OpsService,
    {
      listConsumers: listConsumers(ports),
      getDeliveryState: getDeliveryState(ports),
      listParked: listParked(ports),
    },
    { listConsumers: 'admin', getDeliveryState: 'admin', listParked: 'admin' },
  );
}
