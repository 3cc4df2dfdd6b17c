import { describe, expect, it } from '@jest/globals';
import { topicOffsets } from './topic-offsets.ts';

const OFFSETS = [{ partition: 0, offset: '7', low: '2', high: '7' }];

/** An admin that fails so often, with this, before it answers. */
function failing(times: number, thrown: Error) {
  let asked = 0;
  return {
    fetchTopicOffsets: () => {
      asked += 1;
      return asked > times ? Promise.resolve(OFFSETS) : Promise.reject(thrown);
    },
    asked: () => asked,
  };
}

describe('offsets of a topic', () => {
  const unknown = new TypeError("Cannot destructure property 'partitions' of 'high.pop(...)'");

  it('are asked for again when kafkajs does not know the topic yet', async () => {
    expect(await topicOffsets(failing(2, unknown), 'a')).toEqual(OFFSETS);
  });

  it('are given up after some attempts', async () => {
    const admin = failing(99, unknown);
    await expect(topicOffsets(admin, 'a')).rejects.toBe(unknown);
    expect(admin.asked()).toBe(5);
  });

  it('are not asked for again when the broker has refused', async () => {
    const admin = failing(1, new Error('not allowed'));
    await expect(topicOffsets(admin, 'a')).rejects.toThrow('not allowed');
    expect(admin.asked()).toBe(1);
  });
});
