import type { ReadonlyJson } from '@nova/events';
import type { Key, View } from '@nova/projection';
import type { AppendedEvent } from '@nova/proto/gen/events/event_log_pb';
import type { DescMessage, JsonObject, Message } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';

/** Answers commands; see {@link CommandSpec} for what one is. */
export interface Commands {
  /**
   * Decides a command against the own views and appends what it decides:
   *
   *   rows and marks, one snapshot → decide → Append, if nothing has happened since the marks
   *        ↑                            |             |
   *        |                            | refuses     | ABORTED with the newer events
   *        +---- folded in memory ←-----+-- Resolve ←-+
   *
   * A refusal is final only after the log has neither a stored answer nor newer events. A stored
   * answer wins over any new decision.
   *
   * @throws what `decide` throws to refuse, AGGREGATE_PARKED, REQUEST_INVALID, REQUEST_ID_REUSED,
   * EVENT_ID_REUSED, COMMAND_CONTENDED, SERVICE_LOG_UNAVAILABLE, and what the database throws
   */
  run<Answer extends object>(
    call: Call,
    command: CommandSpec<Answer>,
  ): Promise<Answer & { readonly consistencyToken: string; readonly replayed: boolean }>;
}

/** A command as its service declares it, for one call. */
export interface CommandSpec<Answer extends object> {
  /** The type of `request`. */
  readonly schema: DescMessage;
  /** As decoded; all of it but `request_id` makes the hash that tells a retry from another request. */
  readonly request: Message;
  /** UUID; '' = nothing is stored for retries. */
  readonly requestId: string;
  /**
   * What could change the decision: nothing of it may have happened since what `decide` saw. Name
   * every event type from which something is made that `decide` looks at, and no other; they must
   * be types that the service consumes.
   */
  readonly decidedBy: readonly DecidedBy[];
  /** Rows that `decide` looks at. Events that the views do not have yet are folded onto them. */
  readonly rows: readonly RowRef[];
  /**
   * Pure; called again with newer rows when something has happened meanwhile. Throws a NovaError to
   * refuse. No events = nothing changes.
   */
  decide(rows: DecisionRows, ids: GeneratedIds): Decision;
  /** The response, from what is stored alone: a retry is answered with what the first call got. */
  answer(stored: StoredAnswer): Answer;
}

/** Events of one aggregate that could change a decision. */
export interface DecidedBy {
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly eventTypes: readonly string[];
}

/** What a command does. */
export interface Decision {
  readonly events: readonly CommandEvent[];
  /** Stored with the answer; at most 8 KiB as JSON. */
  readonly reply?: { readonly [key: string]: ReadonlyJson };
}

/** What is stored of a command. */
export interface StoredAnswer {
  /** In the order of the decision; `typeSequence` is the number of an event among its kind. */
  readonly events: readonly AppendedEvent[];
  /** {} where the decision had none. */
  readonly reply: JsonObject;
}

/** The rows of a decision. */
export interface DecisionRows {
  /** A row as it is after all events known; undefined where there is none. */
  get<Row extends object, Column extends string>(
    view: View<Row, Column>,
    key: Key<Row, Column>,
  ): Row | undefined;
  /** RFC 3339, UTC, by the clock of this process. */
  readonly now: string;
}

/** An event that a command appends. */
export interface CommandEvent {
  /** The payload message of the event type. */
  readonly schema: DescMessage;
  readonly aggregateId: string;
  /** As in the log: names in snake_case. */
  readonly payload: { readonly [key: string]: ReadonlyJson };
  /** UUID; by default made from the request id, so that a retry makes the same. */
  readonly eventId?: string;
  readonly occurredAt?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** RFC 3339: no effect of the event after it. */
  readonly expiresAt?: string;
}

/** Ids for what a command makes. */
export interface GeneratedIds {
  /**
   * The next id: with a request id always the same for the same call of `next` of the same request,
   * else a random one (UUIDv7).
   */
  next(): string;
}

/** Names a row of a view; made by {@link rowRef}. */
export interface RowRef {
  readonly view: View;
  readonly key: Readonly<Record<string, unknown>>;
}

/** Names the row of `view` with this key. */
export function rowRef<Row extends object, Column extends string>(
  view: View<Row, Column>,
  key: Key<Row, Column>,
): RowRef {
  return { view, key };
}
