import type { LogPosition, StoredEvent } from '@nova/events';
import type { Database } from '@nova/postgres';
import {
  applyEvent,
  decodeEvent,
  type PayloadForm,
  planEvent,
  type RowName,
  RowSet,
  rowName,
  type StoredRow,
  type View,
  type ViewTable,
} from '@nova/projection';
import { type AggregateName, aggregateKey } from './aggregate.ts';
import { entered, enterRound, type Generation } from './generation.ts';
import type { KnownEpochs } from './known-epochs.ts';
import { readMarks } from './marks.ts';
import { readBlocked } from './parking/parked-store.ts';

/** What a decision wants to look at. */
export interface WantedBasis {
  readonly aggregates: readonly AggregateName[];
  readonly rows: readonly { readonly view: View; readonly key: object }[];
}

/** How far an aggregate is known to a decision. */
export interface BasisMark extends LogPosition {
  /** 0 = nothing is known of it. */
  readonly version: bigint;
  /** One of its events fails for good: what the rows show is not what the log says. */
  readonly isParked: boolean;
  /** The log has lost what the rows show. */
  readonly isLost: boolean;
}

/**
 * What a decision is made on: rows and marks as they were at one moment. Events that have happened
 * since are folded onto it in memory, by the views' own handlers.
 */
export interface DecisionBasis {
  /** Event types that the consumer consumes. */
  readonly eventTypes: ReadonlySet<string>;
  /** The mark of a wanted aggregate, moved by what was folded. */
  markOf(aggregate: AggregateName): BasisMark;
  /**
   * A wanted row.
   *
   * @throws TypeError when it was not asked for.
   */
  row(view: View, key: object): StoredRow | undefined;
  /**
   * Takes an event of a wanted aggregate into account; one that already is changes nothing.
   *
   * @throws what a handler throws.
   */
  fold(event: StoredEvent): void;
}

/** What the events of a basis are read with. */
export interface BasisContext {
  readonly database: Database;
  readonly generation: Generation;
  readonly schemas: ReadonlyMap<string, PayloadForm>;
  readonly epochs: KnownEpochs;
}

/** Reads rows and marks in one snapshot. */
export async function readBasis(
  context: BasisContext,
  { aggregates, rows: wanted }: WantedBasis,
): Promise<DecisionBasis> {
  const { database, generation, epochs } = context;
  return database.snapshot(async (views) => {
    const rows = new RowSet();
    for (const { view, key } of wanted) rows.want(rowName(tableOf(generation, view), key));
    const [applied, blocked] = await entered(
      enterRound(views, generation),
      Promise.all([
        readMarks(views, generation, aggregates),
        readBlocked(views, generation, aggregates),
        rows.load(views),
      ]),
    );
    const marks = new Map(
      aggregates.map((name) => {
        const aggregate = aggregateKey(name);
        const { version, epoch, position } = applied.get(aggregate) ?? NOTHING;
        const isLost = version > 0n && epochs.knows(epoch) && !epochs.isValid({ epoch, position });
        const isParked = blocked.get(aggregate)?.state === 'parked';
        return [aggregate, { version, epoch, position, isParked, isLost }];
      }),
    );
    return new Basis(context, marks, rows);
  });
}

const NOTHING = { version: 0n, epoch: '', position: 0n };

class Basis implements DecisionBasis {
  readonly eventTypes: ReadonlySet<string>;
  readonly #context: BasisContext;
  readonly #marks: Map<string, BasisMark>;
  readonly #rows: RowSet;

  constructor(context: BasisContext, marks: Map<string, BasisMark>, rows: RowSet) {
    this.#context = context;
    this.#marks = marks;
    this.#rows = rows;
    this.eventTypes = new Set(context.generation.eventTypes.keys());
  }

  markOf(name: AggregateName): BasisMark {
    const mark = this.#marks.get(aggregateKey(name));
    if (mark === undefined) throw new TypeError(`${aggregateKey(name)} is not part of the basis`);
    return mark;
  }

  row(view: View, key: object): StoredRow | undefined {
    const name = rowName(tableOf(this.#context.generation, view), key);
    if (!this.#rows.has(name)) {
      throw new TypeError(`row ${name.text} of ${view.name} is not part of the basis`);
    }
    return this.#rows.get(name);
  }

  fold(event: StoredEvent): void {
    const mark = this.markOf(event);
    if (event.aggregateVersion <= mark.version) return;
    const { generation, schemas } = this.#context;
    const form = schemas.get(event.eventType);
    const from = generation.eventTypes.get(event.eventType) ?? 0n;
    if (form !== undefined && event.position.position > from) {
      const planned = planEvent(generation.tables, decodeEvent(event, form));
      // Other rows of the aggregate were not read: there is nothing to fold onto.
      const touches = planned.touches.filter(({ name }) => this.#has(name));
      applyEvent(this.#rows, { ...planned, touches });
    }
    const { epoch, position } = event.position;
    this.#marks.set(aggregateKey(event), {
      ...mark,
      version: event.aggregateVersion,
      epoch,
      position,
    });
  }

  #has(name: RowName): boolean {
    return this.#rows.has(name);
  }
}

function tableOf({ tables }: Generation, view: View): ViewTable {
  const table = tables.find((one) => one.view.name === view.name);
  if (table === undefined) throw new TypeError(`${view.name} is no view of this consumer`);
  return table;
}
