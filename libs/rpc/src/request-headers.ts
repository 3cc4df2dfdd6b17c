import type { Metadata } from '@grpc/grpc-js';
import { NovaError } from '@nova/errors';
import { errors } from './errors.ts';
import type { RequestHeaders } from './identity.ts';
import type { Limits } from './limits.ts';
import { rawHeader } from './raw-headers.ts';

/**
 * The headers of a call.
 *
 * @throws RPC_TOO_LARGE when together they are larger than `headerBytes`.
 */
export function requestHeaders(
  metadata: Metadata,
  { headerBytes }: Pick<Limits, 'headerBytes'>,
  stream: object | undefined,
): RequestHeaders {
  if (sizeOf(metadata) > headerBytes) {
    throw new NovaError(errors.RPC_TOO_LARGE, {
      what: 'the set of headers',
      limit: headerBytes,
    });
  }
  return {
    // Texts as they came; binary ones decoded by the library.
    all: (name) =>
      (stream && !name.endsWith('-bin') ? rawHeader(stream, name) : undefined) ??
      metadata.get(name).map((value) => String(value)),
  };
}

function sizeOf(metadata: Metadata): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(metadata.toHttp2Headers())) {
    for (const one of [value].flat()) bytes += name.length + String(one).length;
  }
  return bytes;
}
