import type { AggregateName, Consumer, DecisionBasis } from '@nova/consumer';
import { errors as commonErrors, isNovaError, NovaError } from '@nova/errors';
import { encodeToken } from '@nova/events';
import type { AppendResponse, LogEvent } from '@nova/proto/gen/events/event_log_pb';
import type { Call, CallOptions } from '@nova/rpc';
import { type Clock, sleep } from '@nova/time';
import { storedEventOf } from '../consuming/stored-event.ts';
import { errors } from '../errors.ts';
import type { CommandSpec, DecidedBy, Decision } from './command-spec.ts';
import { generatedIds } from './generated-ids.ts';
import { appendDecided, type LogCommands, resolveRefusal, type Seen } from './log-calls.ts';
import { type RequestKey, requestKeyOf } from './request-key.ts';
import { decodeReply, encodeReply } from './stored-reply.ts';

/** What commands are decided and appended with. */
export interface CommandPorts {
  readonly consumer: Pick<Consumer, 'basis'>;
  readonly log: LogCommands;
  readonly clock: Clock;
}

/** No command is decided again for longer than this, whatever its deadline. */
const LONGEST_MS = 10_000;
/** A call of the log takes at most this long. */
const LOG_CALL_MS = 5000;
/** Kept of the deadline for the answer. */
const RESERVE_MS = 50;
/** So many decisions follow each other at once; then others are let go first. */
const ROUNDS_WITHOUT_PAUSE = 3;
const LONGEST_PAUSE_MS = 40;

/** Why a decision does not become an answer at once. */
type Outcome<Answer> =
  | { readonly answer: Answer }
  | { readonly newer: readonly LogEvent[]; readonly more: boolean };

type Answered<Answer> = Answer & { readonly consistencyToken: string; readonly replayed: boolean };

/** One command of one call. */
export class CommandRun<Answer extends object> {
  readonly #ports: CommandPorts;
  readonly #call: Call;
  readonly #spec: CommandSpec<Answer>;
  readonly #key: RequestKey | undefined;
  readonly #decidedBy: readonly DecidedBy[];
  readonly #endsAtMs: number;

  constructor(ports: CommandPorts, call: Call, spec: CommandSpec<Answer>) {
    this.#ports = ports;
    this.#call = call;
    this.#spec = spec;
    this.#key = requestKeyOf(call, spec);
    this.#decidedBy = merged(spec.decidedBy);
    const leftMs = Math.min(LONGEST_MS, call.remainingMs() - RESERVE_MS);
    this.#endsAtMs = ports.clock.monotonicMs() + leftMs;
  }

  async answer(): Promise<Answered<Answer>> {
    const { consumer } = this.#ports;
    const basis = await consumer.basis({ aggregates: this.#decidedBy, rows: this.#spec.rows });
    this.#checkTypes(basis);
    for (let round = 1; ; round += 1) {
      const outcome = await this.#decideOn(basis);
      if ('answer' in outcome) return outcome.answer;
      await this.#takeIn(basis, outcome);
      await this.#pause(round);
    }
  }

  /** One decision, and what became of it. */
  async #decideOn(basis: DecisionBasis): Promise<Outcome<Answered<Answer>>> {
    const unusable = unusableOf(basis, this.#decidedBy);
    if (unusable !== undefined) return this.#refuse(basis, unusable, { isFinal: true });
    let decision: Decision;
    try {
      decision = this.#decide(basis);
    } catch (refusal) {
      if (!isNovaError(refusal)) throw refusal;
      return this.#refuse(basis, refusal, { isFinal: false });
    }
    return this.#append(basis, decision);
  }

  #decide(basis: DecisionBasis): Decision {
    const rows: Parameters<CommandSpec<Answer>['decide']>[0] = {
      // The rows of a view are of the type that its definition names.
      get: (view, key) => basis.row(view, key) as never,
      now: this.#ports.clock.now().toISOString(),
    };
    return this.#spec.decide(rows, generatedIds(this.#key));
  }

  async #append(
    basis: DecisionBasis,
    { events, reply }: Decision,
  ): Promise<Outcome<Answered<Answer>>> {
    const seen = seenOf(basis, this.#decidedBy);
    const token = events.length === 0 ? tokenOf(basis, seen) : '';
    const unit = { key: this.#key, seen, events, reply: encodeReply(reply, token) };
    if (events.length === 0 && this.#key === undefined && seen.length === 0) {
      return { answer: this.#answerFrom({ results: [], replayed: false, reply: unit.reply }) };
    }
    const response = await appendDecided(this.#ports.log, unit, this.#callOptions());
    const { refusals, newer, newerHasMore } = response;
    if (refusals.length === 0) return { answer: this.#answerFrom(response) };
    const reused = refusals.find(({ reason }) => reason === 'EVENT_ID_REUSED');
    if (reused !== undefined) {
      const eventId = events[reused.index]?.eventId ?? '';
      throw new NovaError(commonErrors.EVENT_ID_REUSED, { event_id: eventId });
    }
    return { newer, more: newerHasMore };
  }

  /** A refusal holds only if the log has neither a stored answer nor anything newer. */
  async #refuse(
    basis: DecisionBasis,
    refusal: unknown,
    { isFinal }: { readonly isFinal: boolean },
  ): Promise<Outcome<Answered<Answer>>> {
    const seen = isFinal ? [] : seenOf(basis, this.#decidedBy);
    if (this.#key === undefined && seen.length === 0) throw refusal;
    const unit = { key: this.#key, seen };
    const { stored, newer, newerHasMore } = await resolveRefusal(
      this.#ports.log,
      unit,
      this.#callOptions(),
    );
    if (stored !== undefined) return { answer: this.#answerFrom(stored) };
    if (newer.length === 0) throw refusal;
    return { newer, more: newerHasMore };
  }

  /** Folds what has happened onto the rows, to its end. */
  async #takeIn(
    basis: DecisionBasis,
    first: { readonly newer: readonly LogEvent[]; readonly more: boolean },
  ): Promise<void> {
    let { newer, more } = first;
    for (;;) {
      for (const event of newer) this.#fold(basis, event);
      if (!more || newer.length === 0) return;
      const unit = { key: undefined, seen: seenOf(basis, this.#decidedBy) };
      const next = await resolveRefusal(this.#ports.log, unit, this.#callOptions());
      newer = next.newer;
      more = next.newerHasMore;
    }
  }

  #fold(basis: DecisionBasis, given: LogEvent): void {
    const event = storedEventOf(given);
    try {
      basis.fold(event);
    } catch (cause) {
      // The consumer will fail on it too, and park the aggregate.
      throw parked(event, cause);
    }
  }

  #answerFrom(
    stored: Pick<AppendResponse, 'results' | 'replayed' | 'reply'> & {
      readonly consistencyToken?: string;
    },
  ): Answered<Answer> {
    const events = stored.results.flatMap(({ outcome }) =>
      outcome.case === 'appended' ? [outcome.value] : [],
    );
    const { reply, token } = decodeReply(stored.reply);
    const consistencyToken = events.length === 0 ? token : (stored.consistencyToken ?? '');
    const answer = this.#spec.answer({ events, reply });
    return { ...answer, consistencyToken, replayed: stored.replayed };
  }

  async #pause(round: number): Promise<void> {
    if (round <= ROUNDS_WITHOUT_PAUSE) return;
    await sleep(Math.random() * LONGEST_PAUSE_MS, this.#call.signal);
  }

  /**
   * How the log is called.
   *
   * @throws COMMAND_CONTENDED when there is no time left for it.
   */
  #callOptions(): CallOptions {
    this.#call.signal.throwIfAborted();
    const leftMs = this.#endsAtMs - this.#ports.clock.monotonicMs();
    if (leftMs <= 0) {
      const aggregate = this.#decidedBy.map(nameOf).join(', ');
      throw new NovaError(errors.COMMAND_CONTENDED, { aggregate });
    }
    return {
      deadlineMs: Math.min(leftMs, LOG_CALL_MS),
      signal: this.#call.signal,
      correlationId: this.#call.correlationId,
    };
  }

  /** A type that is not consumed is in no row: a decision cannot look at what came of it. */
  #checkTypes({ eventTypes }: DecisionBasis): void {
    for (const { eventTypes: named } of this.#decidedBy) {
      const strange = named.find((type) => !eventTypes.has(type));
      if (named.length === 0) throw new TypeError('a command is decided by no event type');
      if (strange !== undefined) throw new TypeError(`${strange} is no type of this consumer`);
    }
  }
}

/** Each aggregate once, with all types that are named for it. */
function merged(decidedBy: readonly DecidedBy[]): readonly DecidedBy[] {
  const byName = new Map<string, DecidedBy>();
  for (const one of decidedBy) {
    const known = byName.get(nameOf(one))?.eventTypes ?? [];
    byName.set(nameOf(one), { ...one, eventTypes: [...new Set([...known, ...one.eventTypes])] });
  }
  return [...byName.values()];
}

function seenOf(basis: DecisionBasis, decidedBy: readonly DecidedBy[]): Seen[] {
  return decidedBy.map((one) => ({ ...one, version: basis.markOf(one).version }));
}

/** Names what was seen; aggregates of which nothing is known need no waiting for. */
function tokenOf(basis: DecisionBasis, seen: readonly Seen[]): string {
  const entries = seen.flatMap((one) => {
    const { version, epoch, position } = basis.markOf(one);
    if (version === 0n) return [];
    const { aggregateType, aggregateId, eventTypes } = one;
    const versions = Object.fromEntries(eventTypes.map((type) => [type, version]));
    return [{ aggregateType, aggregateId, epoch, position, versions }];
  });
  return entries.length === 0 ? '' : encodeToken(entries);
}

/** Why no decision can be made on the rows; undefined when one can. */
function unusableOf(basis: DecisionBasis, decidedBy: readonly DecidedBy[]): NovaError | undefined {
  for (const one of decidedBy) {
    const mark = basis.markOf(one);
    if (mark.isParked) return parked(one);
    if (mark.isLost) {
      return new NovaError(errors.AGGREGATE_REFOLDING, { aggregate: nameOf(one) });
    }
  }
  return undefined;
}

function parked(aggregate: AggregateName, cause?: unknown): NovaError {
  return new NovaError(errors.AGGREGATE_PARKED, { aggregate: nameOf(aggregate) }, { cause });
}

function nameOf({ aggregateType, aggregateId }: AggregateName): string {
  return `${aggregateType}/${aggregateId}`;
}
