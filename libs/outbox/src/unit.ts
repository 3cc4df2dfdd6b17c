import type { Annotations, LogPosition } from '@nova/events';

/** An event to append, accepted by the catalogue before. */
export interface NewEvent {
  /** Canonical UUID. */
  readonly eventId: string;
  /**
   * Whether the id may have been used before: given by a client, or derived from something. Ids
   * that are not UUIDv7 count as given in any case.
   */
  readonly eventIdGiven: boolean;
  readonly eventType: string;
  readonly schemaVersion: number;
  readonly aggregateType: string;
  readonly aggregateId: string;
  /** JSON text, UTF-8; stored and published byte for byte. */
  readonly payload: Uint8Array;
  /** "/nova/<service or publishing identity>" */
  readonly source: string;
  readonly tenant?: string;
  /** RFC 3339; defaults to the time of storing. */
  readonly occurredAt?: string;
  readonly annotations: Annotations;
}

/** What must hold for one aggregate before a unit is appended. */
export type Condition = { readonly aggregateType: string; readonly aggregateId: string } & (
  | { readonly kind: 'any' }
  /** It has no event. */
  | { readonly kind: 'absent' }
  /** It has at least one event. */
  | { readonly kind: 'exists' }
  /** Its last version is exactly this one; 0 = it has no event. */
  | { readonly kind: 'version'; readonly version: bigint }
  /** None of these event types was appended after this version. */
  | {
      readonly kind: 'none_since';
      readonly eventTypes: readonly string[];
      readonly version: bigint;
    }
);

/** What makes a request the same as an earlier one. */
export interface RequestKey {
  /** The end principal. */
  readonly principal: string;
  /** "package.Service/Method" */
  readonly method: string;
  readonly requestId: string;
  /** SHA-256 of the request as canonical JSON without its request id. */
  readonly hash: Uint8Array;
}

/** One caller's request. */
export interface AppendUnit {
  /** Without one nothing is stored for retries. */
  readonly key?: RequestKey;
  /** Opaque, at most 8 KiB, stored with the answer. */
  readonly reply?: Uint8Array;
  readonly conditions: readonly Condition[];
  /** Whether one refused event refuses all, or only those of its own aggregate. */
  readonly mode: 'atomic' | 'each';
  /** 0 to 500. */
  readonly events: readonly NewEvent[];
}

/** Where an event of a unit is in the log. */
export interface Appended {
  /** Index in the unit's events. */
  readonly index: number;
  readonly eventId: string;
  readonly eventType: string;
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly aggregateVersion: bigint;
  readonly typeSequence: bigint;
  readonly position: LogPosition;
  /** RFC 3339, UTC, microseconds, as is occurredAt. */
  readonly storedAt: string;
  readonly occurredAt: string;
  readonly previous: Readonly<Record<string, bigint>>;
  /** True when its id was in the log before this unit. */
  readonly replayed: boolean;
}

/** Why an event, or the whole unit, was not stored. */
export interface AppendRefusal {
  /** Index in the unit's events; -1 = the unit. */
  readonly index: number;
  /**
   * CONDITION_FAILED: `aggregateType`, `aggregateId` and `currentVersion` say where, `condition`
   * which one of the unit (the first of that aggregate that failed).
   * EVENT_ID_REUSED: the id at `index` belongs to an event with other content; in mode each also
   * on the other new events of that aggregate.
   * REQUEST_ID_REUSED: the key was used with another hash.
   */
  readonly reason: 'CONDITION_FAILED' | 'EVENT_ID_REUSED' | 'REQUEST_ID_REUSED';
  readonly aggregateType?: string;
  readonly aggregateId?: string;
  /** 0 = the aggregate has no event. */
  readonly currentVersion?: bigint;
  readonly condition?: number;
}

/** What became of a unit. A refusal stored nothing and left the other units alone. */
export type UnitResult =
  | {
      readonly outcome: 'stored';
      /** True when this is the stored answer of an earlier call with the same key. */
      readonly replayed: boolean;
      /** One per event of the unit (of the earlier call's unit, when replayed), in its order. */
      readonly events: readonly (Appended | AppendRefusal)[];
      /** The unit's reply, or when replayed the stored one. */
      readonly reply?: Uint8Array;
    }
  | { readonly outcome: 'refused'; readonly refusals: readonly AppendRefusal[] };
