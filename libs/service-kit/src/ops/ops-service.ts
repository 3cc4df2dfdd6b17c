import { OpsService } from '@nova/proto/gen/ops/ops_service_pb';
import { implement, type ServiceImplementation } from '@nova/rpc';
import { getDeliveryState } from './get-delivery-state.ts';
import { listConsumers } from './list-consumers.ts';
import { listParked } from './list-parked.ts';
import type { OpsPorts } from './ops-ports.ts';

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
