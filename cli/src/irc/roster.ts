import { ircUserId } from '@nova/events';

/** Somebody of a log: the user id, and the nick that the id is derived from. */
export interface Person {
  readonly userId: string;
  readonly firstNick: string;
}

/**
 * Who bears which nick while a log is read, and who is in the room.
 *
 * A nick nobody bears belongs to the network's user of that nick. A nick change hands the person to
 * the new nick: the person keeps the first user id within the file, whoever bore the new nick
 * before. Leaving keeps the nick, so that coming back is the same person.
 */
export class Roster {
  readonly #network: string;
  readonly #bearers = new Map<string, Person>();
  readonly #lastBearers = new Map<string, Person>();
  readonly #present = new Map<string, boolean>();
  readonly #met = new Set<string>();

  constructor(network: string) {
    this.#network = network;
  }

  /** The person who bears `nick` now. */
  personOf(nick: string): Person {
    const known = this.#bearers.get(nick);
    if (known !== undefined) return known;
    const person = { userId: ircUserId(this.#network, nick), firstNick: nick };
    this.#give(nick, person);
    return person;
  }

  /** Who bears or last bore `nick` in the lines so far. */
  lastBearer(nick: string): Person | undefined {
    return this.#lastBearers.get(nick);
  }

  /** A nick change; answers whose it is. */
  rename(from: string, to: string): Person {
    const person = this.personOf(from);
    this.#bearers.delete(from);
    this.#give(to, person);
    return person;
  }

  /** True the first time this user occurs in the file. */
  meet({ userId }: Person): boolean {
    if (this.#met.has(userId)) return false;
    this.#met.add(userId);
    return true;
  }

  /** True when the person was not known to be in the room, and now is. */
  enter({ userId }: Person): boolean {
    const was = this.#present.get(userId) === true;
    this.#present.set(userId, true);
    return !was;
  }

  /**
   * True when the person was in the room, and now is not. Somebody the log shows for the first time
   * by leaving was there before it began.
   */
  leave({ userId }: Person): boolean {
    const gone = this.#present.get(userId) === false;
    this.#present.set(userId, false);
    return !gone;
  }

  #give(nick: string, person: Person): void {
    this.#bearers.set(nick, person);
    this.#lastBearers.set(nick, person);
  }
}
