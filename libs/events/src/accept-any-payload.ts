import { type AcceptedPayload, type GivenPayload, MAX_PAYLOAD_BYTES } from './accept-payload.ts';
import { checkGivenId } from './aggregate-id.ts';
import { checkJson } from './check-json.ts';
import { Violations } from './violations.ts';

const encoder = new TextEncoder();

/**
 * As `acceptPayload`, where the schema of the event type is not known in this process: finds what
 * nova refuses whatever the schema says.
 */
export function acceptAnyPayload({ aggregateId, payload }: GivenPayload): AcceptedPayload {
  const violations = new Violations();
  checkJson(payload, 'payload', violations);
  if (aggregateId === '') violations.add('aggregate_id', 'is required');
  checkGivenId(aggregateId, violations);
  if (!violations.isEmpty) return { ok: false, violations: violations.all() };
  const text = encoder.encode(JSON.stringify(payload));
  if (text.length <= MAX_PAYLOAD_BYTES) return { ok: true, aggregateId, payload: text };
  violations.add(
    'payload',
    `must not exceed ${MAX_PAYLOAD_BYTES} bytes; given were ${text.length}`,
  );
  return { ok: false, violations: violations.all() };
}
