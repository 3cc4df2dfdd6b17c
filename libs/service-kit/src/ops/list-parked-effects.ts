import type { ParkedEffect } from '@nova/consumer';
import type {
  ListParkedEffectsRequest,
  ListParkedEffectsResponseSchema,
  ParkedEffectSchema,
} from '@nova/proto/gen/ops/ops_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { timeField } from './conditions.ts';
import type { OpsPorts } from './ops-ports.ts';
import { effectSelectionOf } from './parked-selection.ts';

const METHOD = 'ops.OpsService/ListParkedEffects';
const PAGE = { default: 100, maximum: 500 };

/** Lists the effects that were refused. */
export function listParkedEffects({ consumer, pageTokens }: OpsPorts) {
  return async (
    request: ListParkedEffectsRequest,
  ): Promise<MessageInitShape<typeof ListParkedEffectsResponseSchema>> => {
    const selection = effectSelectionOf(request.selection);
    const size = pageTokens.pageSize(request.pageSize, PAGE);
    const position = pageTokens.decode(METHOD, { ...selection }, request.pageToken);
    const found = await consumer.parking.effects({
      selection,
      limit: size + 1,
      after: typeof position === 'string' ? BigInt(position) : 0n,
    });
    const page = found.slice(0, size);
    const last = page.at(-1);
    const hasMore = found.length > size && last !== undefined;
    const { service, consumer: name } = consumer.status();
    return {
      effects: page.map((one) => ({ service, consumer: name, ...effectMessage(one) })),
      nextPageToken: hasMore
        ? pageTokens.encode(METHOD, { ...selection }, last.sequence.toString())
        : '',
    };
  };
}

function effectMessage(one: ParkedEffect): MessageInitShape<typeof ParkedEffectSchema> {
  return {
    effectId: one.effectId,
    effect: one.effect,
    effectKey: one.effectKey,
    target: one.target,
    sourceEventId: one.sourceEventId,
    reason: one.reason,
    ...timeField('createdAt', one.createdAt),
    ...timeField('parkedAt', one.parkedAt),
    waitingBehind: BigInt(one.waitingBehind),
  };
}
