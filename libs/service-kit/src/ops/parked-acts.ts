import type { NewAct } from '@nova/consumer';
import type { Violation } from '@nova/errors';
import { isCanonicalUuid } from '@nova/events';
import {
  type CancelParkedActRequest,
  type CancelParkedActResponseSchema,
  type GetParkedActRequest,
  type GetParkedActResponseSchema,
  type ListParkedActsRequest,
  type ListParkedActsResponseSchema,
  ParkedActKind,
  type StartParkedActRequest,
  type StartParkedActResponseSchema,
} from '@nova/proto/gen/ops/ops_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { invalidRequest } from '../request.ts';
import { actMessage, orderViolations } from './act-message.ts';
import type { OpsPorts } from './ops-ports.ts';
import { effectSelectionOf, selectionOf } from './parked-selection.ts';

const METHOD = 'ops.OpsService/ListParkedActs';
const PAGE = { default: 50, maximum: 200 };
/** Begins a replay or a discard. */
export function startParkedAct(ports: OpsPorts) {
  return async (
    request: StartParkedActRequest,
    call: Call,
  ): Promise<MessageInitShape<typeof StartParkedActResponseSchema>> => {
    const act = newAct(request, call.caller.principal);
    return { act: actMessage(ports, await ports.consumer.parking.begin(act)) };
  };
}

function newAct(request: StartParkedActRequest, who: string): NewAct {
  const { requestId, kind, reason, perSecond, selection } = request;
  const violations = startViolations(request);
  if (violations.length > 0) throw invalidRequest(violations);
  const common = {
    actId: requestId,
    kind: kind === ParkedActKind.DISCARD ? ('discard' as const) : ('replay' as const),
    who,
    reason,
    perSecond,
  };
  return selection.case === 'effects'
    ? { ...common, subject: 'effects', selection: effectSelectionOf(selection.value, 'effects') }
    : {
        ...common,
        subject: 'aggregates',
        selection: selectionOf(selection.value, { path: 'aggregates' }),
      };
}

function startViolations(request: StartParkedActRequest): Violation[] {
  const { requestId, kind, selection } = request;
  const violations: Violation[] = [];
  const wrong = (field: string, description: string) => violations.push({ field, description });
  if (!isCanonicalUuid(requestId)) wrong('request_id', 'must be a UUID in lower case');
  if (kind !== ParkedActKind.REPLAY && kind !== ParkedActKind.DISCARD) {
    wrong('kind', 'must be REPLAY or DISCARD');
  }
  violations.push(...orderViolations(request));
  if (selection.case === undefined) wrong('selection', 'must be aggregates or effects');
  return violations;
}

/** Tells how far an act is, and what of it has failed. */
export function getParkedAct(ports: OpsPorts) {
  return async ({
    actId,
  }: GetParkedActRequest): Promise<MessageInitShape<typeof GetParkedActResponseSchema>> => {
    const { standing, failed } = await ports.consumer.parking.act(checkedId(actId));
    return { act: actMessage(ports, standing), failed: [...failed] };
  };
}

/** Lists what operators did, the latest first. */
export function listParkedActs(ports: OpsPorts) {
  return async (
    request: ListParkedActsRequest,
  ): Promise<MessageInitShape<typeof ListParkedActsResponseSchema>> => {
    const { pageTokens, consumer } = ports;
    const size = pageTokens.pageSize(request.pageSize, PAGE);
    const position = pageTokens.decode(METHOD, '', request.pageToken);
    // A token that fits was written below.
    const [startedAt, actId] = (position ?? []) as [string?, string?];
    const found = await consumer.parking.acts({
      limit: size + 1,
      ...(startedAt === undefined || actId === undefined ? {} : { after: { startedAt, actId } }),
    });
    const page = found.slice(0, size);
    const last = page.at(-1);
    const hasMore = found.length > size && last !== undefined;
    return {
      acts: page.map((act) => actMessage(ports, act)),
      nextPageToken: hasMore ? pageTokens.encode(METHOD, '', [last.startedAt, last.actId]) : '',
    };
  };
}

/** Ends an act before its end. */
export function cancelParkedAct(ports: OpsPorts) {
  return async (
    { actId }: CancelParkedActRequest,
    call: Call,
  ): Promise<MessageInitShape<typeof CancelParkedActResponseSchema>> => {
    const { principal } = call.caller;
    const act = await ports.consumer.parking.cancel(checkedId(actId), principal);
    return { act: actMessage(ports, act) };
  };
}

function checkedId(actId: string): string {
  if (isCanonicalUuid(actId)) return actId;
  throw invalidRequest([{ field: 'act_id', description: 'must be a UUID in lower case' }]);
}
