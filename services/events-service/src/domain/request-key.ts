import { isCanonicalUuid, requestHash } from '@nova/events';
import type { RequestKey } from '@nova/outbox';
import { type DescMessage, type JsonObject, type MessageShape, toJson } from '@nova/proto/runtime';
import type { RequestIdentity } from './accept-event.ts';
import type { Violations } from './violations.ts';

/** Checks a request id; an empty one means that nothing is kept for retries. */
export function checkRequestId(requestId: string, field: string, violations: Violations): void {
  if (requestId === '' || isCanonicalUuid(requestId)) return;
  violations.add(field, 'must be a UUID in lower case with hyphens, not the nil UUID');
}

/** What makes this request the same as an earlier one; undefined without a request id. */
export function requestIdentity(
  principal: string,
  method: string,
  requestId: string,
): RequestIdentity | undefined {
  return requestId === '' ? undefined : { principal, method, requestId };
}

/**
 * The key of a unit, where there is one. Its hash tells a repeated request from another one under
 * the same id; it is made of the decoded request, since the order of map entries on the wire is not
 * stable. Only for requests that have a JSON form: see `hasJson`.
 */
export function unitKey<Desc extends DescMessage>(
  identity: RequestIdentity | undefined,
  schema: Desc,
  request: MessageShape<Desc>,
): { readonly key?: RequestKey } {
  if (identity === undefined) return {};
  // A message is an object in JSON; only the well-known types are not.
  const json = toJson(schema, request, { useProtoFieldName: true }) as JsonObject;
  const { request_id: _, ...content } = json;
  return { key: { ...identity, hash: requestHash(content) } };
}

/** Whether a message can be written as JSON: times out of range and numbers like NaN cannot. */
export function hasJson<Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
): boolean {
  try {
    toJson(schema, message);
    return true;
  } catch {
    return false;
  }
}
