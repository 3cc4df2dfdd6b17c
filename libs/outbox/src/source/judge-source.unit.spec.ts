import { describe, expect, it } from '@jest/globals';
import type { StoredEvent } from '@nova/events';
import { judgeSource, type SourceEvent } from './judge-source.ts';

const SOURCE = '/nova/orders';

function given(eventId: string, sourceVersion: bigint, aggregateId = 'one'): SourceEvent {
  const event = {
    eventId,
    eventIdGiven: true,
    eventType: 'order_placed',
    schemaVersion: 1,
    aggregateType: 'order',
    aggregateId,
    payload: new Uint8Array(),
    source: SOURCE,
    annotations: {},
  };
  return { event, sourceVersion };
}

function stored(eventId: string, version: string, more: Partial<StoredEvent> = {}): StoredEvent {
  return {
    eventId,
    eventType: 'order_placed',
    schemaVersion: 1,
    aggregateType: 'order',
    aggregateId: 'one',
    aggregateVersion: 1n,
    typeSequence: 1n,
    position: { epoch: 'e', position: 1n },
    previous: {},
    lane: 0,
    payload: new Uint8Array(),
    source: SOURCE,
    occurredAt: '',
    storedAt: '',
    annotations: { metadata: { source_version: version } },
    ...more,
  };
}

function judge(
  events: readonly SourceEvent[],
  heads: readonly (readonly [string, bigint])[] = [],
  known: readonly StoredEvent[] = [],
) {
  const byId = new Map(known.map((event) => [event.eventId, event]));
  return judgeSource(SOURCE, events, { heads: new Map(heads), byId }).map((one) =>
    one.verdict === 'refused' ? `${one.reason} ${one.head}` : one.verdict,
  );
}

describe('judgeSource', () => {
  it('takes versions that follow one another, per aggregate', () => {
    const events = [given('a', 1n), given('b', 1n, 'two'), given('c', 2n), given('d', 3n)];
    expect(judge(events)).toEqual(['new', 'new', 'new', 'new']);
  });

  it('takes the version after the last one in the log', () => {
    expect(judge([given('a', 8n)], [['order/one', 7n]])).toEqual(['new']);
  });

  it('refuses a gap, and everything behind it in that aggregate alone', () => {
    const events = [given('a', 2n), given('b', 1n, 'two'), given('c', 3n)];
    expect(judge(events)).toEqual(['SOURCE_VERSION_GAP 0', 'new', 'SOURCE_VERSION_GAP 0']);
  });

  it('knows what is in the log', () => {
    const events = [given('a', 1n), given('b', 2n)];
    expect(judge(events, [['order/one', 1n]], [stored('a', '1')])).toEqual(['known', 'new']);
  });

  it('refuses another event of a version that the log has', () => {
    expect(judge([given('b', 1n)], [['order/one', 1n]], [stored('a', '1')])).toEqual([
      'SOURCE_VERSION_REUSED 1',
    ]);
  });

  it('refuses an event under an old version that is not its own', () => {
    const heads = [['order/one', 2n]] as const;
    expect(judge([given('a', 2n)], heads, [stored('a', '1')])).toEqual(['SOURCE_VERSION_REUSED 2']);
  });

  it('refuses an id that came from elsewhere, and everything behind it', () => {
    const foreign = stored('a', '1', { source: '/nova/dev' });
    expect(judge([given('a', 1n), given('b', 2n)], [], [foreign])).toEqual([
      'EVENT_ID_REUSED 0',
      'SOURCE_VERSION_GAP 0',
    ]);
  });
});
