import type { LogRow, ViewName } from './observation.ts';

/** What a payload of the types below may hold. */
interface Payload {
  readonly message_id?: string;
  readonly sender_id?: string;
  readonly content?: string;
  readonly creator_id?: string;
  readonly member_ids?: readonly string[];
  readonly kind?: string;
}

/** What a view must hold, told once more from the log alone. */
export interface Folded {
  readonly rows: readonly (readonly string[])[];
  /** Aggregates with an event that nobody can apply: its version. */
  readonly stuck: ReadonlyMap<string, number>;
}

type Fold = (event: LogRow, payload: Payload) => void;

/** The event types that each view's consumer applies in what is folded here. */
const TYPES: Readonly<Record<ViewName, readonly string[]>> = {
  activity: ['message_created', 'member_added'],
  messages: ['message_created', 'message_edited'],
  conversations: ['conversation_created', 'message_created'],
  found: ['message_created', 'message_edited'],
  notices: ['conversation_created', 'message_created'],
};

/** Folds a log; of an aggregate that is parked, what comes before the version that waits. */
export function foldView(
  view: ViewName,
  log: readonly LogRow[],
  parked: ReadonlyMap<string, number>,
): Folded {
  const { fold, rows } = FOLDS[view]();
  const stuck = new Map<string, number>();
  for (const event of log) {
    const waitsFrom = Math.min(
      parked.get(event.aggregate) ?? Number.POSITIVE_INFINITY,
      stuck.get(event.aggregate) ?? Number.POSITIVE_INFINITY,
    );
    if (!TYPES[view].includes(event.type) || event.version >= waitsFrom) continue;
    const payload = read(event.payload);
    if (payload === undefined) stuck.set(event.aggregate, event.version);
    else fold(event, payload);
  }
  return { rows: rows(), stuck };
}

/** Undefined for what is no payload. */
function read(text: string): Payload | undefined {
  try {
    const value: unknown = JSON.parse(text);
    // Fields are looked at one by one, and all may be absent.
    return typeof value === 'object' && value !== null ? (value as Payload) : undefined;
  } catch {
    return undefined;
  }
}

interface Folding {
  readonly fold: Fold;
  readonly rows: () => string[][];
}

const FOLDS: Readonly<Record<ViewName, () => Folding>> = {
  activity() {
    const counts = new Map<string, { messages: number; members: number; at: string }>();
    return {
      fold({ aggregate, type, storedAt }) {
        const row = counts.get(aggregate) ?? { messages: 0, members: 0, at: '' };
        if (type === 'message_created') row.messages += 1;
        else row.members += 1;
        row.at = storedAt;
        counts.set(aggregate, row);
      },
      rows: () =>
        [...counts].map(([id, { messages, members, at }]) => [
          id,
          String(messages),
          String(members),
          at,
        ]),
    };
  },
  messages: () =>
    foldTexts(({ aggregate, sequence, version }, id) => [
      aggregate,
      id,
      String(sequence),
      String(version),
    ]),
  found: () => foldTexts(({ aggregate, version }, id) => [aggregate, id, String(version)]),
  conversations() {
    const said = new Map<string, { kind: string; last: number }>();
    const of = (id: string) => {
      const row = said.get(id) ?? { kind: '', last: 0 };
      said.set(id, row);
      return row;
    };
    return {
      fold({ type, aggregate, sequence }, { kind = '' }) {
        if (type === 'conversation_created') of(aggregate).kind = kind;
        else of(aggregate).last = sequence;
      },
      rows: () => [...said].map(([id, { kind, last }]) => [id, kind, String(last)]),
    };
  },
  notices() {
    const sides = new Map<string, readonly string[]>();
    const notices: string[][] = [];
    return {
      fold({ type, id, aggregate }, { creator_id = '', member_ids = [], sender_id }) {
        if (type === 'conversation_created') sides.set(aggregate, [creator_id, ...member_ids]);
        const other = sides.get(aggregate)?.find((user) => user !== sender_id);
        if (type === 'message_created' && other !== undefined) notices.push([id, other]);
      },
      rows: () => notices,
    };
  },
};

/** Messages with the last text of each; the head is made of the event that created it. */
function foldTexts(headOf: (event: LogRow, messageId: string) => string[]): Folding {
  const texts = new Map<string, { head: string[]; sender: string; content: string }>();
  return {
    fold(event, { message_id = '', sender_id = '', content = '' }) {
      const name = `${event.aggregate} ${message_id}`;
      const known = texts.get(name);
      if (event.type === 'message_created') {
        texts.set(name, { head: headOf(event, message_id), sender: sender_id, content });
      } else if (known !== undefined) known.content = content;
    },
    rows: () => [...texts.values()].map(({ head, sender, content }) => [...head, sender, content]),
  };
}
