import type { Violation } from '@nova/errors';
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from '@nova/proto/gen/google/rpc/error_details_pb';
import { StatusSchema } from '@nova/proto/gen/google/rpc/status_pb';
import { type Any, anyPack, anyUnpack, create, fromBinary, toBinary } from '@nova/proto/runtime';

/** What an error carries over the wire besides its status. */
export interface ErrorDetails {
  readonly reason: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly violations: readonly Violation[];
  readonly retryAfterMs: number | undefined;
}

const DOMAIN = 'nova';
const MOST_VIOLATIONS = 20;
const MOST_METADATA = 16;
const LONGEST_FIELD = 256;
const LONGEST_MESSAGE = 512;
// As base64 in a header, with the message beside it, this stays below the 8 KiB at which clients
// in other languages refuse all headers of an answer.
const MOST_BYTES = 5 * 1024;

/** A text that may stand in a status: well-formed, bounded. */
export function boundedText(text: string, longest = LONGEST_MESSAGE): string {
  const wellFormed = text.toWellFormed();
  return wellFormed.length <= longest
    ? wellFormed
    : `${wellFormed.slice(0, longest - 1).toWellFormed()}…`;
}

/** `google.rpc.Status`; what does not fit is left out from the end: violations, then metadata. */
export function encodeDetails(code: number, message: string, details: ErrorDetails): Uint8Array {
  let violations = details.violations.slice(0, MOST_VIOLATIONS).map(({ field, description }) => ({
    field: boundedText(field, LONGEST_FIELD),
    description: boundedText(description, LONGEST_FIELD),
  }));
  let metadata = Object.entries(details.metadata)
    .slice(0, MOST_METADATA)
    .map(([key, value]) => [boundedText(key, 64), boundedText(value, LONGEST_FIELD)] as const);
  for (;;) {
    const encoded = toBinary(
      StatusSchema,
      create(StatusSchema, {
        code,
        message: boundedText(message),
        details: pack({ ...details, violations, metadata: Object.fromEntries(metadata) }),
      }),
    );
    if (encoded.length <= MOST_BYTES) return encoded;
    if (violations.length > 0) violations = violations.slice(0, -1);
    else if (metadata.length > 0) metadata = metadata.slice(0, -1);
    else return encoded;
  }
}

/** The details of an error as another server sent them; undefined when they cannot be read. */
export function decodeDetails(encoded: Uint8Array): ErrorDetails | undefined {
  try {
    const { details } = fromBinary(StatusSchema, encoded);
    const unpack = <T>(find: (any: Any) => T | undefined) =>
      details.map(find).find((found) => found !== undefined);
    const info = unpack((any) => anyUnpack(any, ErrorInfoSchema));
    const bad = unpack((any) => anyUnpack(any, BadRequestSchema));
    const delay = unpack((any) => anyUnpack(any, RetryInfoSchema))?.retryDelay;
    return {
      reason: info?.reason ?? '',
      metadata: info?.metadata ?? {},
      violations: (bad?.fieldViolations ?? []).map(({ field, description }) => ({
        field,
        description,
      })),
      retryAfterMs: delay && Number(delay.seconds) * 1000 + delay.nanos / 1e6,
    };
  } catch {
    return undefined;
  }
}

function pack({ reason, metadata, violations, retryAfterMs }: ErrorDetails): Any[] {
  const packed = [
    anyPack(
      ErrorInfoSchema,
      create(ErrorInfoSchema, { reason, domain: DOMAIN, metadata: { ...metadata } }),
    ),
  ];
  if (violations.length > 0) {
    const bad = create(BadRequestSchema, { fieldViolations: [...violations] });
    packed.push(anyPack(BadRequestSchema, bad));
  }
  if (retryAfterMs !== undefined) {
    const ms = Math.max(0, Math.round(retryAfterMs));
    const retryDelay = { seconds: BigInt(Math.floor(ms / 1000)), nanos: (ms % 1000) * 1e6 };
    packed.push(anyPack(RetryInfoSchema, create(RetryInfoSchema, { retryDelay })));
  }
  return packed;
}
