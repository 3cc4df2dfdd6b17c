import type { LineResult } from '../irc/file-events.ts';
import type { ImportEvent, ImportedType } from '../irc/import-event.ts';
import { Findings } from './findings.ts';
import type { EventOutcome } from './publisher.ts';

/** What became of the events of a type. */
export interface TypeCount {
  new: number;
  'already there': number;
  refused: number;
}

/** A file that was not imported, and why. */
export interface SkippedFile {
  readonly file: string;
  readonly reason: string;
  /** True when the file itself was named, so that skipping it is a failure. */
  readonly named: boolean;
  readonly empty: boolean;
}

const TYPES: readonly ImportedType[] = [
  'conversation_created',
  'user_created',
  'user_updated',
  'member_added',
  'member_removed',
  'message_created',
];

/** Everything that is counted during an import. */
export class Tally {
  readonly types = new Map<ImportedType, TypeCount>(
    TYPES.map((type) => [type, { new: 0, 'already there': 0, refused: 0 }]),
  );
  /** Lines by the outcome of reading them. */
  readonly lines = new Map<LineResult['outcome'], number>();
  /** Lines by the grammar that understood them. */
  readonly grammars = new Map<string, number>();
  readonly findings = new Findings();
  readonly skippedFiles: SkippedFile[] = [];
  /** Files imported to their end. */
  filesDone = 0;
  /** Bytes of files read for the second time, skipped files included. */
  bytesDone = 0;
  // A user occurs in many files and is created once.
  readonly #users = new Map<string, keyof TypeCount>();

  line(result: LineResult): void {
    bump(this.lines, result.outcome);
    if (result.grammar !== undefined) bump(this.grammars, result.grammar);
    for (const finding of result.findings) this.findings.add(finding);
  }

  event(event: ImportEvent, outcome: EventOutcome): void {
    const column = typeof outcome === 'string' ? outcome : 'refused';
    const count = this.types.get(event.eventType);
    if (count === undefined) return;
    if (event.eventType !== 'user_created') {
      count[column] += 1;
      return;
    }
    const before = this.#users.get(event.eventId);
    // Two files may both bring a user; one of the two answers says that it is new.
    if (before === undefined) count[column] += 1;
    else if (column === 'new' && before !== 'new') {
      count[before] -= 1;
      count.new += 1;
    } else return;
    this.#users.set(event.eventId, column);
  }

  /** True when the event is a user_created that the log is known to have. */
  hasUser(eventId: string): boolean {
    const known = this.#users.get(eventId);
    return known !== undefined && known !== 'refused';
  }

  get linesRead(): number {
    return sum(this.lines.values());
  }

  /** Events whose outcome is known. */
  get events(): number {
    return this.#column('new') + this.#column('already there') + this.refused;
  }

  get stored(): number {
    return this.#column('new');
  }

  get alreadyThere(): number {
    return this.#column('already there');
  }

  get refused(): number {
    return this.#column('refused');
  }

  #column(column: keyof TypeCount): number {
    return sum([...this.types.values()].map((count) => count[column]));
  }
}

function bump<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
