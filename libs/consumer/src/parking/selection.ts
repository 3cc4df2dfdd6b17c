/** Which failing aggregates are meant; what is left out does not matter. */
export interface ParkedSelection {
  readonly aggregateType?: string;
  readonly aggregateId?: string;
  /** Of the failing event. */
  readonly eventType?: string;
  readonly fingerprint?: string;
  /** First failure at or after it, and before it; RFC 3339. */
  readonly failedSince?: string;
  readonly failedBefore?: string;
  /** Also those that are still tried again. */
  readonly includeRetrying: boolean;
}

/** Which parked effects are meant. */
export interface EffectSelection {
  readonly effect?: string;
  readonly target?: string;
  readonly parkedSince?: string;
  readonly parkedBefore?: string;
}

/** Failing aggregates `b` with their failing events `e`, by the values of {@link selectedValues}. */
export const SELECTED = `
  FROM parked_aggregates AS b
  LEFT JOIN parked_events AS e
    ON e.consumer = b.consumer AND e.generation = b.generation
   AND e.aggregate_type = b.aggregate_type AND e.aggregate_id = b.aggregate_id
   AND e.aggregate_version = b.failed_version
  WHERE b.consumer = $1 AND b.generation = $2 AND (b.state = 'parked' OR $3)
    AND ($4::text IS NULL OR b.aggregate_type = $4) AND ($5::text IS NULL OR b.aggregate_id = $5)
    AND ($6::text IS NULL OR e.event_type = $6) AND ($7::text IS NULL OR b.fingerprint = $7)
    AND ($8::timestamptz IS NULL OR b.first_failed_at >= $8::timestamptz)
    AND ($9::timestamptz IS NULL OR b.first_failed_at < $9::timestamptz)`;

/** $1 to $9 of {@link SELECTED}. */
export function selectedValues(
  { consumer, generation }: { readonly consumer: string; readonly generation: number },
  selection: ParkedSelection,
): readonly (string | number | boolean | null)[] {
  const { aggregateType, aggregateId, eventType, fingerprint } = selection;
  return [
    consumer,
    generation,
    selection.includeRetrying,
    aggregateType ?? null,
    aggregateId ?? null,
    eventType ?? null,
    fingerprint ?? null,
    selection.failedSince ?? null,
    selection.failedBefore ?? null,
  ];
}

/** Parked effects, by the values of {@link selectedEffectValues}. */
export const SELECTED_EFFECTS = `
  FROM consumer_effects AS f
  WHERE f.consumer = $1 AND f.state = 'parked'
    AND ($2::text IS NULL OR f.effect = $2) AND ($3::text IS NULL OR f.target = $3)
    AND ($4::timestamptz IS NULL OR f.parked_at >= $4::timestamptz)
    AND ($5::timestamptz IS NULL OR f.parked_at < $5::timestamptz)`;

/** $1 to $5 of {@link SELECTED_EFFECTS}. */
export function selectedEffectValues(
  consumer: string,
  { effect, target, parkedSince, parkedBefore }: EffectSelection,
): readonly (string | null)[] {
  return [consumer, effect ?? null, target ?? null, parkedSince ?? null, parkedBefore ?? null];
}
