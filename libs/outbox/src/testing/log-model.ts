import type { AppendRefusal, AppendUnit, Condition, NewEvent, RequestKey } from '../unit.ts';

// The log in memory, written from DECISIONS 2–5 alone and not from the SQL: specs compare the two.

/** What the model says about one event: as `Appended`, without epoch and times. */
export interface ModelAppended {
  readonly index: number;
  readonly eventId: string;
  readonly eventType: string;
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly aggregateVersion: bigint;
  readonly typeSequence: bigint;
  readonly position: bigint;
  readonly previous: Readonly<Record<string, bigint>>;
  readonly replayed: boolean;
}

/** What the model says about one unit. */
export type ModelResult =
  | {
      readonly outcome: 'stored';
      readonly replayed: boolean;
      readonly events: readonly (ModelAppended | AppendRefusal)[];
      readonly reply: string | undefined;
    }
  | { readonly outcome: 'refused'; readonly refusals: readonly AppendRefusal[] };

interface StoredEvent {
  readonly appended: Omit<ModelAppended, 'index' | 'replayed'>;
  readonly payload: string;
}

/** An aggregate as conditions see it. */
export interface ModelAggregate {
  version: bigint;
  last: Record<string, bigint>;
  counts: Record<string, bigint>;
}

type Verdict = 'new' | 'same' | StoredEvent | AppendRefusal;

/** Whether a condition holds for an aggregate; undefined = it has no event. */
export function holds(condition: Condition, aggregate: ModelAggregate | undefined): boolean {
  switch (condition.kind) {
    case 'any':
      return true;
    case 'absent':
      return aggregate === undefined;
    case 'exists':
      return aggregate !== undefined;
    case 'version':
      return (aggregate?.version ?? 0n) === condition.version;
    case 'none_since':
      return condition.eventTypes.every(
        (type) => (aggregate?.last[type] ?? 0n) <= condition.version,
      );
  }
}

/** The name of an aggregate. */
export function nameOf(of: { aggregateType: string; aggregateId: string }): string {
  return `${of.aggregateType}/${of.aggregateId}`;
}

/** A log in memory that is appended to by one caller at a time. */
export class LogModel {
  readonly events: StoredEvent[] = [];
  readonly #before: bigint;
  readonly #aggregates = new Map<string, ModelAggregate>();
  readonly #requests = new Map<string, { hash: string; result: ModelResult }>();

  /** @param before the last position before this model's first event */
  constructor(before = 0n) {
    this.#before = before;
  }

  append(units: readonly AppendUnit[]): ModelResult[] {
    return units.map((unit) => this.#appendUnit(unit));
  }

  #appendUnit(unit: AppendUnit): ModelResult {
    const known = unit.key && this.#requests.get(requestName(unit.key));
    if (unit.key && known !== undefined) return replay(known, unit.key);
    const result = this.#decide(unit);
    if (unit.key && result.outcome === 'stored' && isKept(unit, result.events)) {
      this.#requests.set(requestName(unit.key), { hash: hex(unit.key.hash), result });
    }
    return result;
  }

  #decide(unit: AppendUnit): ModelResult {
    const verdicts = unit.events.map((event, index) => this.#judgeId(unit.events, event, index));
    const reused = verdicts.filter(isRefusal);
    if (unit.mode === 'atomic' && reused.length > 0) {
      return { outcome: 'refused', refusals: reused };
    }
    refuseAggregates(unit, verdicts, reused);
    const failed = this.#failedConditions(unit, verdicts);
    const onTouched = failed.filter(({ aggregateId, aggregateType }) =>
      unit.events.some((e) => e.aggregateId === aggregateId && e.aggregateType === aggregateType),
    );
    if (failed.length > 0 && (unit.mode === 'atomic' || onTouched.length < failed.length)) {
      return { outcome: 'refused', refusals: failed };
    }
    refuseAggregates(unit, verdicts, failed);
    const events = unit.events.map((event, index) => this.#settle(event, index, verdicts[index]));
    return { outcome: 'stored', replayed: false, events, reply: unit.reply && hex(unit.reply) };
  }

  /** Is the id in the log, or earlier in this unit, and with the same content? */
  #judgeId(events: readonly NewEvent[], event: NewEvent, index: number): Verdict {
    const stored = this.#byId(event.eventId);
    const earlier = events.slice(0, index).find(({ eventId }) => eventId === event.eventId);
    const other = stored ?? (earlier && { appended: earlier, payload: hex(earlier.payload) });
    if (other === undefined) return 'new';
    const isSame =
      other.appended.eventType === event.eventType &&
      nameOf(other.appended) === nameOf(event) &&
      other.payload === hex(event.payload);
    if (isSame) return stored ?? 'same';
    const { aggregateType, aggregateId } = event;
    return { index, reason: 'EVENT_ID_REUSED', aggregateType, aggregateId };
  }

  #failedConditions(unit: AppendUnit, verdicts: readonly Verdict[]): AppendRefusal[] {
    const newIn = (name: string) =>
      unit.events.some((event, i) => nameOf(event) === name && verdicts[i] === 'new');
    const touches = (name: string) => unit.events.some((event) => nameOf(event) === name);
    if (unit.events.length > 0 && !verdicts.includes('new')) return [];
    return unit.conditions.flatMap((condition, number) => {
      const name = nameOf(condition);
      const aggregate = this.#aggregates.get(name);
      if ((touches(name) && !newIn(name)) || holds(condition, aggregate)) return [];
      const { aggregateType, aggregateId } = condition;
      const currentVersion = aggregate?.version ?? 0n;
      const refusal = {
        index: -1,
        reason: 'CONDITION_FAILED',
        aggregateType,
        aggregateId,
      } as const;
      return [{ ...refusal, currentVersion, condition: number }];
    });
  }

  #settle(
    event: NewEvent,
    index: number,
    verdict: Verdict | undefined,
  ): ModelAppended | AppendRefusal {
    if (verdict === 'new') return { index, ...this.#store(event).appended, replayed: false };
    const stored = verdict === 'same' ? this.#byId(event.eventId) : verdict;
    if (stored === undefined) throw new TypeError('the same event was not stored');
    if (isRefusal(stored)) return { ...stored, index };
    return { index, ...stored.appended, replayed: true };
  }

  #store({ eventId, eventType, aggregateType, aggregateId, payload }: NewEvent): StoredEvent {
    const name = nameOf({ aggregateType, aggregateId });
    const aggregate = this.#aggregates.get(name) ?? { version: 0n, last: {}, counts: {} };
    this.#aggregates.set(name, aggregate);
    const stored = {
      appended: {
        eventId,
        eventType,
        aggregateType,
        aggregateId,
        aggregateVersion: aggregate.version + 1n,
        typeSequence: (aggregate.counts[eventType] ?? 0n) + 1n,
        position: this.#before + BigInt(this.events.length + 1),
        previous: { ...aggregate.last },
      },
      payload: hex(payload),
    };
    aggregate.version = stored.appended.aggregateVersion;
    aggregate.last[eventType] = stored.appended.aggregateVersion;
    aggregate.counts[eventType] = stored.appended.typeSequence;
    this.events.push(stored);
    return stored;
  }

  #byId(eventId: string): StoredEvent | undefined {
    return this.events.find(({ appended }) => appended.eventId === eventId);
  }
}

/** Refuses the new events of every aggregate that a refusal names. */
function refuseAggregates(
  unit: AppendUnit,
  verdicts: Verdict[],
  refusals: readonly AppendRefusal[],
): void {
  unit.events.forEach((event, index) => {
    const { aggregateType, aggregateId } = event;
    const refusal = refusals.find(
      (one) => one.aggregateType === aggregateType && one.aggregateId === aggregateId,
    );
    const verdict = verdicts[index];
    if (refusal !== undefined && (verdict === 'new' || verdict === 'same')) {
      verdicts[index] = { ...refusal, index };
    }
  });
}

function replay(known: { hash: string; result: ModelResult }, key: RequestKey): ModelResult {
  if (known.hash !== hex(key.hash) || known.result.outcome === 'refused') {
    return { outcome: 'refused', refusals: [{ index: -1, reason: 'REQUEST_ID_REUSED' }] };
  }
  return { ...known.result, replayed: true };
}

/** A request may be decided again when all of its events were refused. */
function isKept(unit: AppendUnit, events: readonly (ModelAppended | AppendRefusal)[]): boolean {
  return unit.events.length === 0 || events.some((event) => 'position' in event);
}

function isRefusal(verdict: object | string): verdict is AppendRefusal {
  return typeof verdict === 'object' && 'reason' in verdict;
}

function requestName({ principal, method, requestId }: RequestKey): string {
  return JSON.stringify([principal, method, requestId]);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
