import { decodeToken, type TokenEntry } from '@nova/events';
import { type Backoff, backoffMs, sleep } from '@nova/time';
import { aggregateKey } from './aggregate.ts';
import type { ConsumerContext } from './context.ts';
import type { Generation } from './generation.ts';
import { readMarks } from './marks.ts';
import { isInVain } from './parking/claims.ts';
import type { TokenAnswer } from './status.ts';

/** How often the database is asked, for what another member applies: less and less often. */
const ASK_AGAIN: Backoff = { initialMs: 25, factor: 2, maxMs: 200, jitter: 0.2 };

interface Awaited {
  readonly aggregate: string;
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly version: bigint;
}

/** Waits until the generation shows what a token names, at most until `deadlineMs`. */
export async function waitForToken(
  context: ConsumerContext,
  generation: () => Generation | undefined,
  token: string,
  deadlineMs: number,
): Promise<TokenAnswer> {
  const { clock, epochs, log } = context;
  const entries = decodeToken(token);
  if (entries === undefined) return 'lost';
  const isStrange = () => entries.some(({ epoch }) => !epochs.knows(epoch));
  if (isStrange()) {
    // Unreachable, it leaves the question open; the deadline then says `behind`.
    const hasLearnt = await epochs.ask(log).then(
      () => true,
      () => false,
    );
    if (hasLearnt && isStrange()) return 'lost';
  }
  let askAtMs = clock.monotonicMs();
  for (let asked = 0; ; ) {
    const open = generation();
    const changed = watchOnce(context);
    const mayAsk = clock.monotonicMs() >= askAtMs;
    const leftMs = Math.max(0, deadlineMs - clock.monotonicMs());
    const looked = open === undefined ? 'behind' : look(context, open, entries, { mayAsk, leftMs });
    const answer = await inTime(looked, leftMs);
    const now = clock.monotonicMs();
    if (answer !== 'behind' || now >= deadlineMs) {
      changed.cancel();
      return answer;
    }
    if (mayAsk) {
      asked += 1;
      askAtMs = now + backoffMs(ASK_AGAIN, asked);
    }
    await Promise.race([changed.done, sleep(Math.min(askAtMs, deadlineMs) - now, changed.signal)]);
    changed.cancel();
  }
}

/** A database that is slow to answer must not cost the caller its own deadline. */
async function inTime(looked: TokenAnswer | Promise<TokenAnswer>, withinMs: number) {
  const end = new AbortController();
  const late = sleep(withinMs, end.signal).then(() => 'behind' as const);
  return Promise.race([looked, late]).finally(() => end.abort());
}

function watchOnce({ board }: ConsumerContext) {
  const end = new AbortController();
  let unwatch = () => {};
  const done = new Promise<void>((resolve) => {
    unwatch = board.watch(resolve);
  });
  const cancel = () => {
    unwatch();
    end.abort();
  };
  return { done, signal: end.signal, cancel };
}

/** Looks at what this process has applied, and in the database where it may ask. */
async function look(
  { board, database, epochs }: ConsumerContext,
  generation: Generation,
  entries: readonly TokenEntry[],
  { mayAsk, leftMs }: { readonly mayAsk: boolean; readonly leftMs: number },
): Promise<TokenAnswer> {
  const wanted = entries.flatMap((entry) => awaitedOf(generation, entry));
  if (wanted.length === 0) return 'reached';
  const lost = entries.some((entry) => epochs.knows(entry.epoch) && !epochs.isValid(entry));
  if (lost) return 'lost';
  const open = wanted.filter(
    ({ aggregate, version }) => (board.versionOf(aggregate) ?? 0n) < version,
  );
  if (open.length === 0) return 'reached';
  if (!mayAsk) return 'behind';
  try {
    const marks = await readMarks(database, generation, open);
    const behind = open.filter(
      ({ aggregate, version }) => (marks.get(aggregate)?.version ?? 0n) < version,
    );
    if (behind.length === 0) return 'reached';
    return (await isInVain(database, generation, behind, leftMs)) ? 'blocked' : 'behind';
  } catch {
    // Without the database nothing can be read either; it may be back before the deadline.
    return 'behind';
  }
}

/** The highest version of the entry among the event types that this consumer consumes. */
function awaitedOf(generation: Generation, entry: TokenEntry): Awaited[] {
  let version = 0n;
  for (const [eventType, one] of Object.entries(entry.versions)) {
    if (generation.eventTypes.has(eventType) && one > version) version = one;
  }
  const { aggregateType, aggregateId } = entry;
  return version === 0n
    ? []
    : [{ aggregate: aggregateKey(entry), aggregateType, aggregateId, version }];
}
