import { describe, expect, it } from '@jest/globals';
import { WAKE_CHANNEL } from './wake-channel.ts';
import { createWaker } from './waker.ts';

/** A database whose notifications end when the spec says so. */
function slowDatabase() {
  const sent: { channel: string; end: () => void; fail: () => void }[] = [];
  return {
    sent,
    notify: (channel: string) =>
      new Promise<void>((resolve, reject) => {
        sent.push({ channel, end: resolve, fail: () => reject(new Error('gone')) });
      }),
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('createWaker', () => {
  it('has one notification in flight and asks once more for all calls meanwhile', async () => {
    const database = slowDatabase();
    const waker = createWaker(database);
    for (let call = 0; call < 5; call += 1) waker.wake();
    expect(database.sent.map(({ channel }) => channel)).toEqual([WAKE_CHANNEL]);
    waker.wake();
    database.sent[0]?.end();
    await settled();
    expect(database.sent.length).toBe(2);
    database.sent[1]?.end();
    await settled();
    expect(database.sent.length).toBe(2);
    waker.wake();
    expect(database.sent.length).toBe(3);
  });

  it('goes on after a notification that failed', async () => {
    const database = slowDatabase();
    const waker = createWaker(database);
    waker.wake();
    database.sent[0]?.fail();
    await settled();
    waker.wake();
    expect(database.sent.length).toBe(2);
  });
});
