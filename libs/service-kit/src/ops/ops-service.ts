import { OpsService } from '@nova/proto/gen/ops/ops_service_pb';
import { implement, type ServiceImplementation } from '@nova/rpc';
import { getDeliveryState } from './get-delivery-state.ts';
import { getParked, tryParked } from './get-parked.ts';
import { listConsumers } from './list-consumers.ts';
import { listParked, listParkedGroups } from './list-parked.ts';
import { listParkedEffects } from './list-parked-effects.ts';
import type { OpsPorts } from './ops-ports.ts';
import { cancelParkedAct, getParkedAct, listParkedActs, startParkedAct } from './parked-acts.ts';
import { cancelRebuild, getRebuild, startRebuild } from './rebuilds.ts';
import { replayEvents } from './replay-events.ts';

/** `ops.OpsService` of a service with one consumer. */
export function opsService(ports: OpsPorts): ServiceImplementation {
  return implement(
    OpsService,
    {
      listConsumers: listConsumers(ports),
      getDeliveryState: getDeliveryState(ports),
      listParked: listParked(ports),
      listParkedGroups: listParkedGroups(ports),
      getParked: getParked(ports),
      listParkedEffects: listParkedEffects(ports),
      tryParked: tryParked(ports),
      startParkedAct: startParkedAct(ports),
      getParkedAct: getParkedAct(ports),
      listParkedActs: listParkedActs(ports),
      cancelParkedAct: cancelParkedAct(ports),
      replayEvents: replayEvents(ports),
      startRebuild: startRebuild(ports),
      getRebuild: getRebuild(ports),
      cancelRebuild: cancelRebuild(ports),
    },
    {
      listConsumers: 'admin',
      getDeliveryState: 'admin',
      listParked: 'admin',
      listParkedGroups: 'admin',
      getParked: 'admin',
      listParkedEffects: 'admin',
      tryParked: 'admin',
      startParkedAct: 'admin',
      getParkedAct: 'admin',
      listParkedActs: 'admin',
      cancelParkedAct: 'admin',
      replayEvents: 'admin',
      startRebuild: 'admin',
      getRebuild: 'admin',
      cancelRebuild: 'admin',
    },
  );
}
