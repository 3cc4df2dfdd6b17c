import { randomUUID } from 'node:crypto';
import { formatPosition, parsePosition, type StoredEvent } from '@nova/events';
import { Signal } from '@nova/time';
import type { Said } from '../../domain/accept-durable.ts';
import type { Out, OwnSession } from './round.ts';
import type { Settlement } from './settle.ts';

/** Long enough to wait in one go: who waits is told. */
const FOR_LONG_MS = 3_600_000;
/** Events whose settling is not answered, at most: then no more is read from the consumer. */
const MOST_UNANSWERED = 4_000;

/** What a consumer is to be told next. */
export type SessionNews =
  | { readonly kind: 'deliveries'; readonly outs: readonly Out[] }
  | { readonly kind: 'settled'; readonly positions: string[]; readonly stale: string[] };

/**
 * A consumer as its instance knows it: what is out to it, what it has said, what it is to be told.
 * The table is right and this is a copy: each round says what is out, and what is not known here yet
 * is told.
 */
export class ConsumerSession {
  readonly id = randomUUID();
  readonly consumer: string;
  readonly principal: string;
  credits: number;
  #failure: unknown;
  #isFinishing = false;
  readonly #known = new Map<bigint, { readonly out: Out; position: string | undefined }>();
  /** Taken back from it before it said anything about them; its credits stay in use until it does. */
  readonly #overdue = new Set<string>();
  readonly #untold: Out[] = [];
  #settled: { kind: 'settled'; positions: string[]; stale: string[] } = nothingSettled();
  #unanswered = 0;
  readonly #news = new Signal();
  readonly #answered = new Signal();

  constructor(given: Omit<OwnSession, 'id'>) {
    this.consumer = given.consumer;
    this.principal = given.principal;
    this.credits = given.credits;
  }

  /** What a round needs to know of it. */
  get own(): OwnSession {
    const { id, consumer, principal } = this;
    return { id, consumer, principal, credits: Math.max(0, this.credits - this.#overdue.size) };
  }

  /** It may have more than it has. */
  get hasRoom(): boolean {
    return this.#known.size + this.#overdue.size < this.credits;
  }

  /** Hand-outs that it was told of and has not settled. */
  get unsettled(): bigint[] {
    const told = [...this.#known.values()].filter(({ position }) => position !== undefined);
    return told.map(({ out }) => out.handOut);
  }

  /** Takes over what is out to it now. */
  learn(outs: readonly Out[]): void {
    const current = new Set(outs.map(({ handOut }) => handOut));
    for (const [place, { out, position }] of this.#known) {
      if (current.has(out.handOut)) continue;
      this.#known.delete(place);
      if (position !== undefined) this.#overdue.add(position);
    }
    for (const out of outs) {
      if (this.#known.get(out.position)?.out.handOut === out.handOut) continue;
      this.#known.set(out.position, { out, position: undefined });
      this.#untold.push(out);
    }
    if (this.#untold.length > 0) this.#news.notify();
  }

  /** Of what was to be told, the events that are there; notes that they are told. */
  told(outs: readonly Out[], events: readonly StoredEvent[]): [Out, StoredEvent][] {
    const byPosition = new Map(events.map((event) => [event.position.position, event]));
    return outs.flatMap((out): [Out, StoredEvent][] => {
      const known = this.#known.get(out.position);
      const event = byPosition.get(out.position);
      // It may have been taken back meanwhile.
      if (event === undefined || known?.out.handOut !== out.handOut) return [];
      known.position = formatPosition(event.position);
      return [[out, event]];
    });
  }

  /**
   * Reads what a consumer says. A position of another epoch than the event has that is out to it now
   * belongs to an event that the log has lost.
   */
  heard({ positions, ...said }: Said): Settlement[] {
    this.#unanswered += positions.length;
    return positions.flatMap((text): Settlement[] => {
      const position = parsePosition(text)?.position;
      if (position === undefined) throw new TypeError(`not a position: ${text}`);
      const known = this.#known.get(position)?.position;
      if (known !== undefined && known !== text) {
        this.answer(text, true);
        return [];
      }
      return [{ ...said, session: this.id, position, text }];
    });
  }

  /** What became of something that was heard. */
  answer(position: string, isStale: boolean): void {
    this.#overdue.delete(position);
    const place = parsePosition(position)?.position ?? 0n;
    if (!isStale && this.#known.get(place)?.position === position) this.#known.delete(place);
    (isStale ? this.#settled.stale : this.#settled.positions).push(position);
    this.#news.notify();
  }

  /** What is to be told next; waits for it. Undefined when `stop` aborts or the session has ended. */
  async news(stop: AbortSignal, most: number): Promise<SessionNews | undefined> {
    for (;;) {
      if (this.#settled.positions.length + this.#settled.stale.length > 0) {
        const settled = this.#settled;
        this.#settled = nothingSettled();
        this.#unanswered -= settled.positions.length + settled.stale.length;
        this.#answered.notify();
        return settled;
      }
      if (stop.aborted || this.#failure !== undefined) return undefined;
      if (this.#isFinishing && this.#unanswered === 0) return undefined;
      if (this.#untold.length > 0 && !this.#isFinishing) {
        return { kind: 'deliveries', outs: this.#untold.splice(0, most) };
      }
      await this.#news.wait(FOR_LONG_MS, stop);
    }
  }

  /** Resolves when more may be heard. */
  async room(stop: AbortSignal): Promise<void> {
    while (this.#unanswered >= MOST_UNANSWERED && !stop.aborted) {
      await this.#answered.wait(FOR_LONG_MS, stop);
    }
  }

  /** Why it ends; undefined while it goes on, and when it ends in good order. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Ends it with an error; what is settled is told before. */
  fail(thrown: unknown): void {
    this.#failure ??= thrown;
    this.#news.notify();
  }

  /** Ends it when all that was heard is answered. */
  finish(): void {
    this.#isFinishing = true;
    this.#news.notify();
  }
}

function nothingSettled(): { kind: 'settled'; positions: string[]; stale: string[] } {
  return { kind: 'settled', positions: [], stale: [] };
}
