import type { Redis } from './open-redis.ts';
import { redisScript } from './script.ts';

/** A day: longer than deliveries come again for by themselves. */
const KEPT_MS = 86_400_000;
/** Keys of one script: Redis does nothing else meanwhile. */
const AT_ONCE = 500;

/** Sets the generation that has applied each event, unless a newer one already has. */
const noteScript = redisScript(
  'note processed events',
  `for _, key in ipairs(KEYS) do
     local isNew = redis.call('HSETNX', key, ARGV[1], ARGV[2]) == 1
     local known = isNew or tonumber(redis.call('HGET', key, ARGV[1])) or 0
     if not isNew and known < tonumber(ARGV[2]) then
       redis.call('HSET', key, ARGV[1], ARGV[2])
       isNew = true
     end
     if isNew then redis.call('PEXPIRE', key, ARGV[3]) end
   end
   return #KEYS`,
);

/** For each event the generation that has applied it, '' for none. */
const findScript = redisScript(
  'find processed events',
  `local found = {}
   for at, key in ipairs(KEYS) do found[at] = redis.call('HGET', key, ARGV[1]) or '' end
   return found`,
);

/** Whose events are meant. */
interface Scope {
  readonly consumer: string;
  readonly generation: number;
}

/** The fast marks of `@nova/consumer`, which says what they are for. */
export interface ProcessedEvents {
  find(scope: Scope, eventIds: readonly string[]): Promise<ReadonlySet<string>>;
  note(scope: Scope, eventIds: readonly string[]): void;
}

/**
 * Which events consumers have applied: `processed_events:<event_id>` is a hash of consumer →
 * generation, kept for a day. While Redis is away nothing is found and nothing noted. Not for a Redis
 * cluster: one script has the keys of many events.
 */
export function processedEvents(redis: Redis): ProcessedEvents {
  return {
    async find({ consumer, generation }, eventIds) {
      const found = new Set<string>();
      try {
        for (const ids of chunks(eventIds)) {
          const reply = await redis.run(findScript, ids.map(keyOf), [consumer]);
          const generations: readonly unknown[] = Array.isArray(reply) ? reply : [];
          ids.forEach((id, at) => {
            if (generations[at] === String(generation)) found.add(id);
          });
        }
      } catch {
        // Every delivery is then judged by the database, as without fast marks.
      }
      return found;
    },
    note({ consumer, generation }, eventIds) {
      for (const ids of chunks(eventIds)) {
        // What is not noted is judged by the database when it comes again.
        redis.run(noteScript, ids.map(keyOf), [consumer, generation, KEPT_MS]).catch(() => {});
      }
    },
  };
}

function keyOf(eventId: string): string {
  return `processed_events:${eventId}`;
}

function chunks(ids: readonly string[]): string[][] {
  const count = Math.ceil(ids.length / AT_ONCE);
  return Array.from({ length: count }, (_, at) => ids.slice(at * AT_ONCE, (at + 1) * AT_ONCE));
}
