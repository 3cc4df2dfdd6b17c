import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { type Client, createClient, RpcError } from '@nova/rpc';
import { waitFor } from '@nova/testkit';
import { type LogOnSmallDisks, openSmallDisks, startLogOn } from './small-disks.ts';

const WITHIN_MS = 60_000;
const DEADLINE_MS = 10_000;
/** Does not get smaller by compression, so that few events need new pages. */
const CONTENT_BYTES = 6000;
/** So that few events are more than what is left of a segment of the write-ahead log, or of five. */
const LARGE_BYTES = 90_000;
const CONVERSATIONS = Array.from({ length: 4 }, () => randomUUID());

const disks = openSmallDisks();
// `skip` is told by jest: without the right to mount there is no disk to fill.
const withDisks = disks === undefined ? describe.skip : describe;

afterAll(() => disks?.close());

/** A publisher that writes down what it asked for and was told. */
class Publisher {
  readonly #client: Client<typeof EventsService>;
  readonly #history: LogOnSmallDisks['history'];
  #count = 0;
  acknowledged = 0;

  constructor({ events, history }: LogOnSmallDisks) {
    const address = `127.0.0.1:${events.grpcPort}`;
    this.#client = createClient(EventsService, { address, deadlineMs: DEADLINE_MS });
    this.#history = history;
  }

  /** A request that may be sent again: what became of it, `STORED` or the status and code of its error. */
  next(bytes = CONTENT_BYTES): () => Promise<string> {
    const [request, id, messageId] = [randomUUID(), randomUUID(), randomUUID()];
    this.#count += 1;
    const aggregate = CONVERSATIONS[this.#count % CONVERSATIONS.length] ?? '';
    const content = randomBytes(bytes).toString('base64');
    const payload = { message_id: messageId, sender_id: randomUUID(), content };
    const asked = { id, type: 'message_created', aggregate, payload };
    this.#history.write({ kind: 'asked', request, events: [asked] });
    return async () => {
      try {
        const { event } = await this.#client.publishEvent({
          eventId: id,
          eventType: asked.type,
          aggregateId: aggregate,
          payload,
          requestId: request,
        });
        const position = Number(event?.position.slice(-19));
        const told = { id, version: Number(event?.aggregateVersion), position };
        this.#history.write({ kind: 'acknowledged', request, events: [told] });
        this.acknowledged += 1;
        return 'STORED';
      } catch (thrown) {
        if (!(thrown instanceof RpcError)) throw thrown;
        const reason = `${thrown.status} ${thrown.reason}`;
        this.#history.write({ kind: 'failed', request, reason });
        return reason;
      }
    };
  }

  /** Publishes until one is not stored. */
  async untilRefused(
    bytes = CONTENT_BYTES,
  ): Promise<{ readonly send: () => Promise<string>; readonly told: string }> {
    return await waitFor(
      async () => {
        const send = this.next(bytes);
        const told = await send();
        return told === 'STORED' ? undefined : { send, told };
      },
      { withinMs: WITHIN_MS, what: 'an event that is not stored', everyMs: 0 },
    );
  }

  close(): void {
    this.#client.close();
  }
}

withDisks('a full disk', () => {
  let log: LogOnSmallDisks;
  let publisher: Publisher;

  beforeAll(async () => {
    if (disks === undefined) return;
    log = await startLogOn(disks);
    publisher = new Publisher(log);
    expect(await publisher.next()()).toBe('STORED');
  }, 3 * WITHIN_MS);
  afterEach(() => {
    // Also after one that failed.
    for (const disk of [disks?.data, disks?.wal, disks?.kafka]) disk?.free();
  });
  afterAll(async () => {
    publisher.close();
    await log.close();
  }, WITHIN_MS);

  const stored = (send: () => Promise<string>) =>
    waitFor(async () => (await send()) === 'STORED', { withinMs: WITHIN_MS, what: 'STORED' });

  it(
    'of data: publishing is RESOURCE_EXHAUSTED, PostgreSQL goes on, and the same request is stored later',
    async () => {
      disks?.data.fill();
      const { send, told } = await publisher.untilRefused();
      expect(told).toBe('RESOURCE_EXHAUSTED POSTGRES_FULL');
      expect(await send()).toBe('RESOURCE_EXHAUSTED POSTGRES_FULL');
      expect(log.postgres.isGone).toBe(false);
      disks?.data.free();
      await stored(send);
    },
    2 * WITHIN_MS,
  );

  it(
    'of the write-ahead log: PostgreSQL ends, publishing is UNAVAILABLE until it is started again',
    async () => {
      disks?.wal.fill();
      const { send, told } = await publisher.untilRefused(LARGE_BYTES);
      expect(told).toBe('UNAVAILABLE POSTGRES_UNAVAILABLE');
      await waitFor(() => log.postgres.isGone, {
        withinMs: WITHIN_MS,
        what: 'the end of PostgreSQL',
      });
      expect(await send()).toBe('UNAVAILABLE POSTGRES_UNAVAILABLE');
      disks?.wal.free();
      await log.postgres.restart();
      await stored(send);
    },
    3 * WITHIN_MS,
  );

  it(
    'of Kafka: the broker ends, publishing goes on, and the relay publishes in order later',
    async () => {
      disks?.kafka.fill();
      const told = new Set<string>();
      await waitFor(
        async () => {
          told.add(await publisher.next()());
          return log.kafka.isGone;
        },
        { withinMs: WITHIN_MS, what: 'the end of the broker' },
      );
      for (let count = 0; count < 20; count += 1) told.add(await publisher.next()());
      expect([...told]).toEqual(['STORED']);
      expect(log.relay.isGone).toBe(false);
      expect(await isPublished()).toBe(false);
      disks?.kafka.free();
      await log.kafka.restart();
      await waitFor(isPublished, { withinMs: WITHIN_MS, what: 'everything published' });
    },
    3 * WITHIN_MS,
  );

  it(
    'loses nothing that was acknowledged, and doubles and reorders nothing',
    async () => {
      await waitFor(isPublished, { withinMs: WITHIN_MS, what: 'everything published' });
      const verdict = await log.judge();
      expect(verdict.ok ? true : verdict).toBe(true);
      expect(verdict).toMatchObject({ parked: 0, unknown: { stored: 0, absent: 0 } });
      expect(verdict.acked).toBe(publisher.acknowledged);
      expect(verdict.stored).toBe(publisher.acknowledged);
      expect(verdict.clientErrors).toBeGreaterThan(3);
      expect([log.events.isGone, log.relay.isGone]).toEqual([false, false]);
    },
    2 * WITHIN_MS,
  );

  async function isPublished(): Promise<boolean> {
    const [row] = await log.store.database.query<{ behind: boolean }>(
      'SELECT (SELECT min(position) FROM outbox_lanes) < last_position AS behind FROM outbox_log',
    );
    return row?.behind === false;
  }
});
