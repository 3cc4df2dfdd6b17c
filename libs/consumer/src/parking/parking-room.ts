import { NovaError } from '@nova/errors';
import { errors } from '../errors.ts';
import type { ConsumerSettings } from '../settings.ts';
import type { BlockedAggregate } from './parked-store.ts';

/**
 * How much more may be parked. Nothing is dropped at a limit: what finds no room is given back to its
 * partition, which stands still until there is some, because something was replayed or discarded.
 */
export class ParkingRoom {
  readonly #perAggregate: number;
  readonly #total: number;
  #parked = 0;

  constructor({ parkedPerAggregate, parkedTotal }: ConsumerSettings) {
    this.#perAggregate = parkedPerAggregate;
    this.#total = parkedTotal;
  }

  /** Where counting what an aggregate has waiting may end. */
  get countTo(): number {
    return this.#perAggregate;
  }

  /** Events that are parked in all, as counted in the database. */
  counted(parked: number): void {
    this.#parked = parked;
  }

  /** So many more are parked since. */
  kept(events: number): void {
    this.#parked += events;
  }

  /** The limit in all is reached. */
  isFull(): boolean {
    return this.#parked >= this.#total;
  }

  /** How many more events of a blocked aggregate may be parked. */
  roomFor({ waiting }: Pick<BlockedAggregate, 'waiting'>): number {
    return this.isFull() ? 0 : Math.max(0, this.#perAggregate - waiting);
  }

  /** Why a partition stands still. */
  fullness(aggregate: string): NovaError {
    return this.isFull()
      ? new NovaError(errors.CONSUMER_PARKING_FULL, { limit: this.#total, of: 'in all' })
      : new NovaError(errors.CONSUMER_PARKING_FULL, {
          limit: this.#perAggregate,
          of: `of aggregate ${aggregate}`,
        });
  }
}
