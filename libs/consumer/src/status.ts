/** What a consumer is doing at this moment. */
export type ConsumerPhase = 'stopped' | 'starting' | 'catching_up' | 'running' | 'paused';

/** How a consumer is doing. */
export interface ConsumerStatus {
  readonly service: string;
  readonly consumer: string;
  readonly groupId: string;
  readonly phase: ConsumerPhase;
  /** 0 until it is known. */
  readonly generation: number;
  readonly eventTypes: readonly string[];
  /** Records of the assigned partitions that are not yet applied, parked or set aside. */
  readonly lagEvents: number;
  /** Age of the oldest event that waits, as far as it is known; 0 without lag. */
  readonly lagSeconds: number;
  readonly assignedPartitions: number;
  readonly appliedTotal: number;
  readonly duplicateTotal: number;
  /** Events read from the log because a predecessor was late. */
  readonly filledTotal: number;
  readonly foreignTotal: number;
  readonly parkedAggregates: number;
  readonly parkedEvents: number;
  readonly retryingAggregates: number;
  readonly pendingEffects: number;
  readonly parkedEffects: number;
  /** Why it does not work, while it does not. */
  readonly trouble: string | undefined;
}

/**
 * Whether a view shows what a consistency token names. `blocked`: one of its events fails, and waiting
 * until the deadline would be in vain.
 */
export type TokenAnswer = 'reached' | 'behind' | 'blocked' | 'lost';

/** What became of one event, or of an aggregate, at this consumer. */
export interface DeliveryState {
  readonly state: 'applied' | 'waiting' | 'retrying' | 'parked' | 'not_subscribed';
  /** Highest applied version of the aggregate; 0 = none. */
  readonly appliedVersion: bigint;
  /** When the aggregate's last event was applied; RFC 3339, as are all times here. */
  readonly appliedAt?: string;
  /** The last time that the aggregate's events had to be read from the log. */
  readonly filledAt?: string;
  readonly filledFrom?: bigint;
  readonly filledTo?: bigint;
  readonly failedAt?: string;
  readonly nextAttemptAt?: string;
  readonly attempts?: number;
  readonly reason?: string;
  /** Partition and offset of the delivery, while it is parked. */
  readonly topic?: string;
  readonly partition?: number;
  readonly offset?: bigint;
}
