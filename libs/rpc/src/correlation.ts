import { randomUUID } from 'node:crypto';
import { NovaError } from '@nova/errors';
import { errors } from './errors.ts';
import type { RequestHeaders } from './identity.ts';

/** Header by which a call and everything that follows from it can be found. */
export const CORRELATION_HEADER = 'correlation-id';

const USABLE = /^[A-Za-z0-9][A-Za-z0-9._:/+=@-]{0,127}$/;

/** Whether a text may be a correlation id. */
export function isCorrelationId(text: string): boolean {
  return USABLE.test(text);
}

/**
 * The caller's correlation id, or a new one. It is copied into logs, events and Kafka headers:
 * hence the narrow alphabet.
 *
 * @throws RPC_HEADER_INVALID when it is given more than once or has other characters.
 */
export function correlationIdOf(headers: RequestHeaders): string {
  const [given, ...more] = headers.all(CORRELATION_HEADER);
  if (given === undefined) return randomUUID();
  if (more.length === 0 && isCorrelationId(given)) return given;
  throw new NovaError(
    errors.RPC_HEADER_INVALID,
    {
      header: CORRELATION_HEADER,
      problem: 'one text of 1 to 128 letters, digits and . _ : / + = @ -',
    },
    {
      violations: [
        { field: CORRELATION_HEADER, description: 'has other characters, or is repeated' },
      ],
    },
  );
}
