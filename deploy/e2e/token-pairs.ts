import { randomUUID } from 'node:crypto';
import { RpcError } from '@nova/rpc';
import { type TestDatabase, waitFor } from '@nova/testkit';
import { sleep } from '@nova/time';
import { AREAS, type StartedAreas, startAreas } from './token-areas.ts';

/** What became of reads that follow a write at once. */
export interface TokenReport {
  readonly pairs: number;
  /** By service: reads with the token of the write that did not show it. Must be none. */
  readonly stale: Readonly<Record<string, number>>;
  /** By service: reads without it that did not, which shows that there was something to wait for. */
  readonly staleWithout: Readonly<Record<string, number>>;
  /** Reads with it that were told VIEW_BEHIND after five seconds, and asked again: no answer, none stale. */
  readonly toldBehind: number;
  /** Milliseconds that a read took whose view does not consume what was written, while it stood still. */
  readonly unconcernedMs: number;
  /** How a read of what was written was answered meanwhile. */
  readonly concerned: string;
  /** How a read is answered whose aggregate fails in the view, and after how many milliseconds. */
  readonly blocked: string;
  readonly blockedMs: number;
}

/** Pairs at a time for each service. */
const AT_ONCE = 4;
/** For so long a view stands still, again and again. */
const LAG_MS = 250;
const BETWEEN_MS = 50;
const MOST_ATTEMPTS = 20;
const PAUSE_MS = 250;

/** A call that is answered so may be made again: its request was for one of its own alone. */
const PASSING: ReadonlySet<string> = new Set(['UNAVAILABLE', 'DEADLINE_EXCEEDED']);

/** A write that answers with its token, and a read that tells whether it shows the write. */
interface Pair {
  readonly token: string;
  shows(token: string): Promise<boolean>;
}

/**
 * Writes and reads at once what was written, by pairs over three services whose views are made to
 * stand still for LAG_MS at a time.
 */
export async function tokenPairs(pairs: number): Promise<TokenReport> {
  const started = await startAreas();
  try {
    const reads = await lagging(started, () => run(started, pairs));
    const unconcerned = await whileStill(started);
    return { pairs, ...reads, ...unconcerned, ...(await whileParked(started)) };
  } finally {
    await started.remove();
  }
}

/** Makes the views stand still again and again while `work` goes on. */
async function lagging<T>({ databases }: StartedAreas, work: () => Promise<T>): Promise<T> {
  const over = new AbortController();
  const locking = databases.map(async (database) => {
    while (!over.signal.aborted) {
      await still(database, () => sleep(LAG_MS, over.signal));
      await sleep(BETWEEN_MS, over.signal);
    }
  });
  try {
    return await work();
  } finally {
    over.abort();
    await Promise.all(locking);
  }
}

/** No round is written meanwhile; reads go on. */
async function still<T>({ database }: TestDatabase, work: () => Promise<T>): Promise<T> {
  return await database.transaction(async (tx) => {
    // However long the work takes: a busy machine must not end the lag early.
    await tx.query('SET LOCAL idle_in_transaction_session_timeout = 0');
    await tx.query('SET LOCAL transaction_timeout = 0');
    await tx.query('LOCK TABLE consumer_progress IN EXCLUSIVE MODE');
    return await work();
  });
}

async function run(started: StartedAreas, pairs: number) {
  const stale = { messaging: 0, notification: 0, search: 0 };
  const staleWithout = { messaging: 0, notification: 0, search: 0 };
  let left = pairs;
  let toldBehind = 0;
  const isBehind = (thrown: unknown) => {
    const is = thrown instanceof RpcError && thrown.reason === 'VIEW_BEHIND';
    if (is) toldBehind += 1;
    return is;
  };
  const worker = async (area: (typeof AREAS)[number]) => {
    const write = await again(() => writerOf(started, area));
    while (left > 0) {
      left -= 1;
      const { token, shows } = await again(write);
      if (!(await again(() => shows('')))) staleWithout[area] += 1;
      if (!(await again(() => shows(token), isBehind))) stale[area] += 1;
    }
  };
  const workers = AREAS.flatMap((area) => Array.from({ length: AT_ONCE }, () => worker(area)));
  await Promise.all(workers);
  return { stale, staleWithout, toldBehind };
}

function writerOf(
  started: StartedAreas,
  area: (typeof AREAS)[number],
): Promise<() => Promise<Pair>> {
  switch (area) {
    case 'messaging':
      return messages(started);
    case 'notification':
      return Promise.resolve(() => notice(started));
    case 'search':
      return Promise.resolve(() => user(started));
  }
}

/** A command of messaging-service and its own view. */
async function messages({ messaging }: StartedAreas): Promise<() => Promise<Pair>> {
  const [userId, other] = [randomUUID(), randomUUID()];
  const made = await messaging.createConversation({ kind: 'direct', memberIds: [other], userId });
  const { conversationId, consistencyToken: minConsistencyToken } = made;
  await messaging.getConversation({ conversationId, userId, minConsistencyToken });
  return async () => {
    const content = randomUUID();
    const { consistencyToken: token } = await messaging.sendMessage({
      conversationId,
      content,
      userId,
    });
    return {
      token,
      async shows(minConsistencyToken) {
        const asked = { conversationId, userId, pageSize: 1, minConsistencyToken };
        const { messages: found } = await messaging.getMessageHistory(asked);
        return found.some((one) => one.content === content);
      },
    };
  };
}

/** An event published by hand, and the view of notification-service. */
async function notice({ events, notification }: StartedAreas): Promise<Pair> {
  const [aggregateId, userId] = [randomUUID(), randomUUID()];
  const payload = { user_id: userId, kind: 'direct_message', title: 'a notice' };
  const { consistencyToken: token } = await events.publishEvent({
    eventType: 'notification_created',
    aggregateId,
    payload,
  });
  return {
    token,
    async shows(minConsistencyToken) {
      const found = await notification.getNotifications({ userId, minConsistencyToken });
      return found.notifications.some(({ notificationId }) => notificationId === aggregateId);
    },
  };
}

/** An event published by hand, and the index of search-service. */
async function user({ events, search }: StartedAreas): Promise<Pair> {
  const aggregateId = randomUUID();
  const username = `u${randomUUID().replaceAll('-', '')}`;
  const { consistencyToken: token } = await events.publishEvent({
    eventType: 'user_created',
    aggregateId,
    payload: { username },
  });
  return {
    token,
    async shows(minConsistencyToken) {
      const { hits } = await search.searchUsers({ query: username, minConsistencyToken });
      return hits.some(({ userId }) => userId === aggregateId);
    },
  };
}

/** While the view of search stands still: reads after what it consumes, and after what it does not. */
async function whileStill(started: StartedAreas) {
  return await still(started.databaseOf('search'), async () => {
    const { token } = await again(() => notice(started));
    const query = { query: 'nobody', minConsistencyToken: token };
    const beganMs = performance.now();
    await started.search.searchUsers(query);
    const unconcernedMs = Math.round(performance.now() - beganMs);
    const written = await again(() => user(started));
    const concerned = await reasonOf(
      started.search.searchUsers(
        { query: 'nobody', minConsistencyToken: written.token },
        { deadlineMs: 1_000 },
      ),
    );
    return { unconcernedMs, concerned };
  });
}

/** A message that the view of messaging refuses, and a read of its conversation. */
async function whileParked(started: StartedAreas) {
  const { database } = started.databaseOf('messaging');
  await database.query(`
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'poisoned'; END $$`);
  await database.query(
    'CREATE TRIGGER refuse BEFORE INSERT ON views_g1.message_view FOR EACH ROW EXECUTE FUNCTION refuse()',
  );
  const conversationId = randomUUID();
  const userId = randomUUID();
  const { consistencyToken: minConsistencyToken } = await started.events.publishEvent({
    eventType: 'message_created',
    aggregateId: conversationId,
    payload: { message_id: randomUUID(), sender_id: userId, content: 'poison' },
  });
  // As after the last retry, which comes ten seconds later.
  await waitFor(
    async () => {
      const parked = await database.query(
        `UPDATE parked_aggregates SET state = 'parked', attempts = 4, next_attempt_at = NULL
         WHERE aggregate_id = $1 RETURNING 1`,
        [conversationId],
      );
      return parked.length > 0;
    },
    { withinMs: 60_000, what: 'the view to have failed at it' },
  );
  const beganMs = performance.now();
  const blocked = await reasonOf(
    started.messaging.getMessageHistory({ conversationId, userId, minConsistencyToken }),
  );
  return { blocked, blockedMs: Math.round(performance.now() - beganMs) };
}

/** What is safe to repeat is repeated while a busy machine does not answer in time. */
async function again<T>(
  call: () => Promise<T>,
  isAlsoPassing: (thrown: unknown) => boolean = () => false,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (thrown) {
      const isPassing =
        isAlsoPassing(thrown) || (thrown instanceof RpcError && PASSING.has(thrown.status));
      if (!isPassing || attempt === MOST_ATTEMPTS) throw thrown;
      await sleep(PAUSE_MS);
    }
  }
}

async function reasonOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'answered';
  } catch (thrown) {
    return thrown instanceof RpcError ? thrown.reason : String(thrown);
  }
}
