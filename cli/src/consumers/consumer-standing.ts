import { type Consumer, ConsumerPhase } from '@nova/proto/gen/ops/ops_service_pb';
import { askOps } from './ask-ops.ts';
import type { RegisteredConsumer } from './registered-consumer.ts';

/** What a consumer is doing; the last two when none of its processes could be asked. */
export type ConsumerWord =
  | 'stopped'
  | 'starting'
  | 'catching_up'
  | 'running'
  | 'paused'
  | 'not_running'
  | 'unreachable';

/** How a consumer is doing, its processes together. */
export interface ConsumerStanding {
  readonly service: string;
  readonly consumer: string;
  readonly generation: number;
  readonly state: ConsumerWord;
  readonly processes: number;
  readonly lag_events: bigint;
  readonly lag_seconds: number;
  readonly applied_total: bigint;
  readonly filled_total: bigint;
  readonly duplicate_total: bigint;
  readonly foreign_total: bigint;
  readonly retrying_aggregates: bigint;
  readonly parked_aggregates: bigint;
  /** Events that wait behind a failure. */
  readonly parked_events: bigint;
  readonly pending_effects: bigint;
  readonly parked_effects: bigint;
  /** Why it does not work, or cannot be asked; empty when all is well. */
  readonly trouble: string;
  /** RFC 3339; only where it is registered. */
  readonly last_seen_at?: string;
}

const WORDS: Readonly<Record<ConsumerPhase, ConsumerWord>> = {
  [ConsumerPhase.UNSPECIFIED]: 'stopped',
  [ConsumerPhase.STOPPED]: 'stopped',
  [ConsumerPhase.STARTING]: 'starting',
  [ConsumerPhase.CATCHING_UP]: 'catching_up',
  [ConsumerPhase.RUNNING]: 'running',
  [ConsumerPhase.PAUSED]: 'paused',
};
/** The words from the worst on: of several processes the worst one is told. */
const WORST_FIRST: readonly ConsumerWord[] = [
  'paused',
  'stopped',
  'starting',
  'catching_up',
  'running',
];

/**
 * Asks every process of the registered consumers, and those at `addresses` besides: they may not be
 * registered yet, or events-service may be away. Takes 3 s at most. Never rejects.
 */
export async function askConsumers(
  registered: readonly RegisteredConsumer[],
  addresses: readonly string[] = [],
): Promise<readonly ConsumerStanding[]> {
  const asked = [...new Set([...registered.flatMap((one) => one.addresses), ...addresses])];
  const answers = new Map(
    await Promise.all(
      asked.map(async (address) => {
        const answer = await askOps(address, (client) => client.listConsumers({}));
        return [address, answer] as const;
      }),
    ),
  );
  const told = new Map<string, Consumer[]>();
  for (const answer of answers.values()) {
    if ('unreachable' in answer) continue;
    for (const consumer of answer.told.consumers) {
      const name = `${consumer.service}/${consumer.consumer}`;
      told.set(name, [...(told.get(name) ?? []), consumer]);
    }
  }
  const silent = registered
    .filter(({ name }) => !told.has(name))
    .map((one) => {
      const reasons = one.addresses.flatMap((address) => {
        const answer = answers.get(address);
        return answer !== undefined && 'unreachable' in answer ? [answer.unreachable] : [];
      });
      return silentStanding(one, reasons);
    });
  const known = new Map(registered.map((one) => [one.name, one.lastSeenAt]));
  return [
    ...[...told].map(([name, members]) => standingOf(members, known.get(name))),
    ...silent,
  ].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

/** `messaging/views` */
export function nameOf({ service, consumer }: ConsumerStanding): string {
  return `${service}/${consumer}`;
}

/** True when something waits for a person: parked events or effects. */
export function needsOperator({ parked_aggregates, parked_effects }: ConsumerStanding): boolean {
  return parked_aggregates > 0n || parked_effects > 0n;
}

/** Of several processes: what each has is added up, what they share is told once. */
export function standingOf(
  members: readonly Consumer[],
  lastSeenAt: string | undefined,
): ConsumerStanding {
  const [first] = members;
  const sum = (field: (member: Consumer) => bigint) =>
    members.reduce((total, member) => total + field(member), 0n);
  const most = (field: (member: Consumer) => bigint) => {
    let highest = 0n;
    for (const member of members) {
      const value = field(member);
      if (value > highest) highest = value;
    }
    return highest;
  };
  const words = members.map(({ phase }) => WORDS[phase]);
  return {
    service: first?.service ?? '',
    consumer: first?.consumer ?? '',
    generation: Math.max(0, ...members.map(({ generation }) => generation)),
    state: WORST_FIRST.find((word) => words.includes(word)) ?? 'stopped',
    processes: members.length,
    lag_events: sum((member) => member.lagEvents),
    lag_seconds: Math.max(0, ...members.map(({ lagSeconds }) => lagSeconds)),
    applied_total: sum((member) => member.appliedTotal),
    filled_total: sum((member) => member.filledTotal),
    duplicate_total: sum((member) => member.duplicateTotal),
    foreign_total: sum((member) => member.foreignTotal),
    retrying_aggregates: most((member) => member.retryingAggregates),
    parked_aggregates: most((member) => member.parkedAggregates),
    parked_events: most((member) => member.parkedEvents),
    pending_effects: most((member) => member.pendingEffects),
    parked_effects: most((member) => member.parkedEffects),
    trouble: [...new Set(members.map(({ trouble }) => trouble).filter(Boolean))].join('; '),
    ...(lastSeenAt === undefined ? {} : { last_seen_at: lastSeenAt }),
  };
}

function silentStanding(
  { service, consumer, generation, lastSeenAt, lastAddress }: RegisteredConsumer,
  reasons: readonly string[],
): ConsumerStanding {
  return {
    ...standingOf([], lastSeenAt),
    service,
    consumer,
    generation,
    ...(reasons.length === 0
      ? { state: 'not_running', trouble: `last seen at ${lastAddress}` }
      : { state: 'unreachable', trouble: reasons.join('; ') }),
  };
}
