import { describe, expect, it } from '@jest/globals';
import type { StoredEvent } from '@nova/events';
import { ReadLogResponseSchema } from '@nova/proto/gen/events/event_log_pb';
import { create, toBinary } from '@nova/proto/runtime';
import { chunksOf } from './log-chunks.ts';

function event(n: number, bytes: number, metadata = 0): StoredEvent {
  return {
    position: { epoch: '0123456789abcdef', position: BigInt(n) },
    eventId: '7d5a0f1e-8c3b-4b61-9a52-0d6c2f1b7e11',
    eventType: 'user_updated',
    schemaVersion: 1,
    aggregateType: 'user',
    aggregateId: '550e8400-e29b-41d4-a716-446655440000',
    aggregateVersion: BigInt(n),
    typeSequence: BigInt(n),
    previous: {},
    lane: 7,
    payload: Buffer.alloc(bytes, 'x'),
    source: '/nova/dev',
    occurredAt: '2026-11-21T12:00:00.000001Z',
    storedAt: '2026-11-21T12:00:01.250000Z',
    annotations: metadata === 0 ? {} : { metadata: { k: '\u{1f600}'.repeat(metadata) } },
  };
}

describe('chunksOf', () => {
  it('keeps order and every event, in messages of at most 1 MiB', () => {
    const sizes = [10, 262_144, 262_144, 262_144, 262_144, 5, 900_000, 262_144, 1];
    const events = sizes.map((size, n) => event(n + 1, size, n % 2 === 0 ? 0 : 1_000));
    const chunks = [...chunksOf(events)];
    const sequences = chunks.flatMap((chunk) =>
      chunk.events.map((one) => one.headers?.['ce_sequence']),
    );
    expect(sequences).toEqual(events.map((one) => String(one.aggregateVersion).padStart(19, '0')));
    for (const chunk of chunks) {
      const message = create(ReadLogResponseSchema, {
        events: [...chunk.events],
        scanned: '0123456789abcdef-0000000000000000042',
      });
      expect(toBinary(ReadLogResponseSchema, message).length).toBeLessThanOrEqual(1024 * 1024);
    }
    expect(chunks.at(-1)?.last.position).toBe(9n);
  });

  it('makes nothing of nothing, and few messages of small events', () => {
    expect([...chunksOf([])]).toEqual([]);
    const events = Array.from({ length: 400 }, (_, n) => event(n + 1, 100));
    expect([...chunksOf(events)]).toHaveLength(1);
  });
});
