import { errors, type TriedOut, type WaitingEvent } from '@nova/consumer';
import { NovaError } from '@nova/errors';
import {
  type GetParkedRequest,
  type GetParkedResponseSchema,
  TryOutcome,
  type TryParkedRequest,
  type TryParkedResponseSchema,
  type WaitingRecordSchema,
} from '@nova/proto/gen/ops/ops_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { fitting } from '../queries/pages.ts';
import { invalidRequest } from '../request.ts';
import { timeField } from './conditions.ts';
import { parkedMessage } from './list-parked.ts';
import type { OpsPorts } from './ops-ports.ts';
import { aggregateOf } from './parked-selection.ts';

const PAGE = { default: 20, maximum: 100 };
const MOST_ROWS = 100;

const OUTCOMES: Readonly<Record<TriedOut['outcome'], TryOutcome>> = {
  would_apply: TryOutcome.WOULD_APPLY,
  would_fail: TryOutcome.WOULD_FAIL,
  not_parked: TryOutcome.NOT_PARKED,
  not_tried: TryOutcome.NOT_TRIED,
};

/** Shows an aggregate that fails, with the records that wait. */
export function getParked({ consumer, pageTokens }: OpsPorts) {
  return async (
    request: GetParkedRequest,
  ): Promise<MessageInitShape<typeof GetParkedResponseSchema>> => {
    const name = aggregateOf(request);
    const { afterVersion } = request;
    if (afterVersion < 0n) {
      throw invalidRequest([{ field: 'after_version', description: 'must not be negative' }]);
    }
    const limit = pageTokens.pageSize(request.pageSize, PAGE);
    const found = await consumer.parking.show(name, { afterVersion, limit });
    const { service, consumer: consumerName, generation } = consumer.status();
    if (found === undefined) {
      const aggregate = `${name.aggregateType}/${name.aggregateId}`;
      throw new NovaError(errors.CONSUMER_NOT_PARKED, { aggregate, consumer: consumerName });
    }
    return {
      aggregate: { service, consumer: consumerName, generation, ...parkedMessage(found) },
      stack: found.stack,
      records: fitting(found.events, sizeOf).map(recordMessage),
    };
  };
}

/** Tells what a replay of an aggregate would come to. */
export function tryParked({ consumer }: OpsPorts) {
  return async (
    request: TryParkedRequest,
  ): Promise<MessageInitShape<typeof TryParkedResponseSchema>> => {
    const tried = await consumer.parking.tryOut(aggregateOf(request));
    const rows = tried.changes.slice(0, MOST_ROWS).map(({ view, before, after }) => ({
      view,
      before: before === undefined ? '' : JSON.stringify(before),
      after: after === undefined ? '' : JSON.stringify(after),
    }));
    return {
      outcome: OUTCOMES[tried.outcome],
      detail: tried.detail,
      fingerprint: tried.fingerprint,
      applied: tried.applied,
      tried: tried.tried,
      changes: [...fitting(rows, ({ before, after }) => Buffer.byteLength(before + after))],
      changedRows: tried.changes.length,
      effects: tried.effects,
    };
  };
}

function sizeOf({ headers, payload }: WaitingEvent): number {
  return JSON.stringify(headers).length + payload.length;
}

function recordMessage(event: WaitingEvent): MessageInitShape<typeof WaitingRecordSchema> {
  const { partition, offset } = event;
  return {
    aggregateVersion: event.aggregateVersion,
    eventId: event.eventId,
    eventType: event.eventType,
    topic: event.topic ?? '',
    ...(partition === undefined ? {} : { partition }),
    ...(offset === undefined ? {} : { offset }),
    ...timeField('publishedAt', event.publishedAt),
    ...timeField('parkedAt', event.parkedAt),
    headers: { ...event.headers },
    value: event.payload,
  };
}
