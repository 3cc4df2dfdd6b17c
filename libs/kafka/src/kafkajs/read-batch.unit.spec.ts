import { describe, expect, it } from '@jest/globals';
import type { Batch, KafkaMessage } from 'kafkajs';
import { readBatch, readRecord } from './read-batch.ts';

const message = (fields: Partial<Omit<KafkaMessage, 'size'>> = {}): KafkaMessage => ({
  offset: '7',
  key: Buffer.from('key'),
  value: Buffer.from('value'),
  timestamp: '1700000000000',
  attributes: 0,
  headers: {},
  ...fields,
});

const notText = Buffer.from([0xff, 0xfe]);

describe('readRecord', () => {
  it('gives offset, key, value, headers and time', () => {
    const headers = { ce_id: Buffer.from('é') };
    expect(readRecord(message({ headers }))).toEqual({
      offset: 7n,
      key: 'key',
      value: Buffer.from('value'),
      headers: { ce_id: 'é' },
      timestamp: 1700000000000,
    });
  });

  it('has no key where it is missing or not UTF-8, and no value where there is none', () => {
    expect(readRecord(message({ key: null, value: null }))).toMatchObject({
      key: undefined,
      value: undefined,
    });
    expect(readRecord(message({ key: notText })).key).toBeUndefined();
  });

  it('empties headers that are repeated or not UTF-8', () => {
    const headers = { twice: [Buffer.from('a'), Buffer.from('b')], odd: notText, none: undefined };
    expect(readRecord(message({ headers })).headers).toEqual({ twice: '', odd: '', none: '' });
  });

  it('keeps a header with the name of a property of every object', () => {
    const headers = Object.fromEntries([['__proto__', Buffer.from('x')]]);
    expect(Object.keys(readRecord(message({ headers })).headers)).toEqual(['__proto__']);
  });
});

describe('readBatch', () => {
  const batch = (fields: object = {}): Batch => ({
    topic: 'topic',
    partition: 3,
    highWatermark: '20',
    messages: [message({ offset: '7' }), message({ offset: '9' })],
    isEmpty: () => false,
    firstOffset: () => '7',
    lastOffset: () => '11',
    offsetLag: () => '8',
    offsetLagLow: () => '12',
    ...fields,
  });

  it('tells where the fetch began, and goes on behind everything it returned', () => {
    const { fetchedFrom, nextOffset, highWatermark, records } = readBatch(
      batch({ fetchedOffset: '5' }),
    );
    expect({ fetchedFrom, nextOffset, highWatermark }).toEqual({
      fetchedFrom: 5n,
      nextOffset: 12n,
      highWatermark: 20n,
    });
    expect(records.map(({ offset }) => offset)).toEqual([7n, 9n]);
  });

  it('takes the first record for the beginning where kafkajs does not tell it', () => {
    expect(readBatch(batch()).fetchedFrom).toBe(7n);
  });
});
