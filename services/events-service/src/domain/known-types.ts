import {
  type AcceptedPayload,
  acceptPayload,
  catalogue,
  type EventType,
  type GivenPayload,
} from '@nova/events';

/** An event type, nova's own or another team's, as far as appending needs it. */
export interface KnownType {
  readonly type: string;
  readonly aggregateType: string;
  readonly schemaVersion: number;
  /** As `acceptPayload`. */
  accept(given: GivenPayload): AcceptedPayload;
}

/** What a name stands for: a type, with the alias that was used, or nothing but a guess. */
export type ResolvedType =
  | { readonly eventType: KnownType; readonly alias?: string }
  | { readonly nearest: string | undefined };

/** The event types there are, as one instance knows them at one time. */
export interface KnownTypes {
  /** A type of the catalogue or an alias of one, or a registered type under its own name. */
  resolve(given: string): ResolvedType;
  hasAggregateType(name: string): boolean;
}

const AGGREGATE_TYPES: ReadonlySet<string> = new Set(
  catalogue.all().map(({ aggregateType }) => aggregateType),
);

/** Whether the catalogue has such an aggregate type. */
export function isOwnAggregateType(name: string): boolean {
  return AGGREGATE_TYPES.has(name);
}

/** The types that other teams have registered. */
export interface RegisteredTypes {
  get(name: string): KnownType | undefined;
  readonly aggregateTypes: ReadonlySet<string>;
}

/** The catalogue together with registered types. */
export function knownTypes(registered: RegisteredTypes): KnownTypes {
  return {
    resolve(given) {
      const found = catalogue.resolve(given);
      if ('eventType' in found) {
        const { eventType, ...alias } = found;
        return { eventType: ownType(eventType), ...alias };
      }
      const eventType = registered.get(given);
      return eventType === undefined ? found : { eventType };
    },
    hasAggregateType: (name) => AGGREGATE_TYPES.has(name) || registered.aggregateTypes.has(name),
  };
}

/** The catalogue alone. */
export const ownTypes: KnownTypes = knownTypes({
  get: () => undefined,
  aggregateTypes: new Set(),
});

// Asked for with every event.
const known = new WeakMap<EventType, KnownType>();

function ownType(eventType: EventType): KnownType {
  const before = known.get(eventType);
  if (before !== undefined) return before;
  const { type, aggregateType, schemaVersion } = eventType;
  const made: KnownType = {
    type,
    aggregateType,
    schemaVersion,
    accept: (given) => acceptPayload(eventType, given),
  };
  known.set(eventType, made);
  return made;
}
