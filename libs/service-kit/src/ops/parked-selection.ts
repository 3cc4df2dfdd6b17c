import type { EffectSelection, ParkedSelection } from '@nova/consumer';
import type { Violation } from '@nova/errors';
import { formatTime } from '@nova/events';
import type {
  EffectSelection as EffectSelectionMessage,
  ParkedSelection as ParkedSelectionMessage,
} from '@nova/proto/gen/ops/ops_service_pb';
import { invalidRequest } from '../request.ts';

type Time = NonNullable<ParkedSelectionMessage['failedSince']>;

/** Values of a request, or of a selection within it, as they are read, with what is wrong about them. */
export class Fields {
  readonly #prefix: string;
  readonly #violations: Violation[] = [];

  constructor(path = '') {
    this.#prefix = path === '' ? '' : `${path}.`;
  }

  text<Name extends string>(name: Name, field: string, value: string) {
    // PostgreSQL has no texts with it.
    if (value.includes('\0')) this.wrong(field, 'must not have a NUL');
    // One property of this name, or none.
    return (value === '' ? {} : { [name]: value }) as { [N in Name]?: string };
  }

  time<Name extends string>(name: Name, field: string, value: Time | undefined) {
    const text = value === undefined ? undefined : formatTime(value);
    if (value !== undefined && text === undefined) this.wrong(field, 'is not a valid time');
    return (text === undefined ? {} : { [name]: text }) as { [N in Name]?: string };
  }

  /** @throws REQUEST_INVALID when something was wrong */
  check(): void {
    if (this.#violations.length > 0) throw invalidRequest(this.#violations);
  }

  wrong(field: string, description: string): void {
    this.#violations.push({ field: `${this.#prefix}${field}`, description });
  }
}

/** Which aggregates a request means. @throws REQUEST_INVALID */
export function selectionOf(
  given: ParkedSelectionMessage | undefined,
  more: { readonly path?: string; readonly includeRetrying?: boolean } = {},
): ParkedSelection {
  const fields = new Fields(more.path ?? 'selection');
  const includeRetrying = (given?.includeRetrying ?? false) || (more.includeRetrying ?? false);
  if (given === undefined) return { includeRetrying };
  const selection = {
    ...fields.text('aggregateType', 'aggregate_type', given.aggregateType),
    ...fields.text('aggregateId', 'aggregate_id', given.aggregateId),
    ...fields.text('eventType', 'event_type', given.eventType),
    ...fields.text('fingerprint', 'fingerprint', given.fingerprint),
    ...fields.time('failedSince', 'failed_since', given.failedSince),
    ...fields.time('failedBefore', 'failed_before', given.failedBefore),
    includeRetrying,
  };
  fields.check();
  return selection;
}

/** Which effects a request means. @throws REQUEST_INVALID */
export function effectSelectionOf(
  given: EffectSelectionMessage | undefined,
  path = 'selection',
): EffectSelection {
  if (given === undefined) return {};
  const fields = new Fields(path);
  const selection = {
    ...fields.text('effect', 'effect', given.effect),
    ...fields.text('target', 'target', given.target),
    ...fields.time('parkedSince', 'parked_since', given.parkedSince),
    ...fields.time('parkedBefore', 'parked_before', given.parkedBefore),
  };
  fields.check();
  return selection;
}

/** The aggregate that a request names. @throws REQUEST_INVALID */
export function aggregateOf({
  aggregateType,
  aggregateId,
}: {
  readonly aggregateType: string;
  readonly aggregateId: string;
}) {
  const violations = [
    ...partViolations('aggregate_type', aggregateType),
    ...partViolations('aggregate_id', aggregateId),
  ];
  if (violations.length > 0) throw invalidRequest(violations);
  return { aggregateType, aggregateId };
}

function partViolations(field: string, value: string): Violation[] {
  if (value === '') return [{ field, description: 'must be given' }];
  return value.includes('\0') ? [{ field, description: 'must not have a NUL' }] : [];
}
