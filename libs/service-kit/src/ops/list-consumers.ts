import type { ConsumerPhase as Phase } from '@nova/consumer';
import {
  ConsumerPhase,
  type ListConsumersResponseSchema,
} from '@nova/proto/gen/ops/ops_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { OpsPorts } from './ops-ports.ts';

const PHASES: Readonly<Record<Phase, ConsumerPhase>> = {
  stopped: ConsumerPhase.STOPPED,
  starting: ConsumerPhase.STARTING,
  catching_up: ConsumerPhase.CATCHING_UP,
  running: ConsumerPhase.RUNNING,
  paused: ConsumerPhase.PAUSED,
};

/** How the consumer is doing; asks nobody else, so that it answers also while nothing works. */
export function listConsumers({ consumer }: OpsPorts) {
  return async (): Promise<MessageInitShape<typeof ListConsumersResponseSchema>> => {
    const status = consumer.status();
    return {
      consumers: [
        {
          service: status.service,
          consumer: status.consumer,
          groupId: status.groupId,
          phase: PHASES[status.phase],
          generation: status.generation,
          eventTypes: [...status.eventTypes],
          assignedPartitions: status.assignedPartitions,
          lagEvents: BigInt(status.lagEvents),
          lagSeconds: status.lagSeconds,
          appliedTotal: BigInt(status.appliedTotal),
          duplicateTotal: BigInt(status.duplicateTotal),
          filledTotal: BigInt(status.filledTotal),
          foreignTotal: BigInt(status.foreignTotal),
          retryingAggregates: BigInt(status.retryingAggregates),
          parkedAggregates: BigInt(status.parkedAggregates),
          parkedEvents: BigInt(status.parkedEvents),
          pendingEffects: BigInt(status.pendingEffects),
          parkedEffects: BigInt(status.parkedEffects),
          trouble: status.trouble ?? '',
        },
      ],
    };
  };
}
