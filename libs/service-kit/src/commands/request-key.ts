import { isCanonicalUuid, requestHash } from '@nova/events';
import { type JsonObject, toJson } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { invalidRequest } from '../request.ts';
import type { CommandSpec } from './command-spec.ts';

/** What makes a request the same as an earlier one. */
export interface RequestKey {
  readonly principal: string;
  readonly method: string;
  readonly requestId: string;
  readonly requestHash: Uint8Array;
}

/**
 * The key of a command; undefined without a request id.
 *
 * @throws REQUEST_INVALID when the request id is none.
 */
export function requestKeyOf(
  { caller, method }: Pick<Call, 'caller' | 'method'>,
  { schema, request, requestId }: Pick<CommandSpec<object>, 'schema' | 'request' | 'requestId'>,
): RequestKey | undefined {
  if (requestId === '') return undefined;
  if (!isCanonicalUuid(requestId)) {
    const description = 'must be a UUID in lower case with hyphens, not the nil UUID';
    throw invalidRequest([{ field: 'request_id', description }]);
  }
  return { principal: caller.principal, method, requestId, requestHash: hashOf(schema, request) };
}

function hashOf(schema: CommandSpec<object>['schema'], request: CommandSpec<object>['request']) {
  let json: JsonObject;
  try {
    // A message is an object in JSON; only the well-known types are not.
    json = toJson(schema, request, { useProtoFieldName: true }) as JsonObject;
  } catch (cause) {
    // For example a timestamp beyond the year 9999.
    throw invalidRequest([{ field: 'request', description: `has no JSON form: ${cause}` }]);
  }
  const { request_id: _, ...content } = json;
  return requestHash(content);
}
