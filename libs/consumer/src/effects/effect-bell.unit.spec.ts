import { describe, expect, it } from '@jest/globals';
import { EffectBell } from './effect-bell.ts';

/** Members over one database whose notifications a spec lets through. */
class Channel {
  readonly sent: PromiseWithResolvers<void>[] = [];
  readonly #ears: (() => void)[] = [];

  listen(_channel: string, onNotify: (payload: string) => void) {
    const ear = () => onNotify('');
    return {
      name: 'ear',
      start: async () => {
        this.#ears.push(ear);
      },
      stop: () => Promise.resolve(),
    };
  }

  notify(): Promise<void> {
    const sent = Promise.withResolvers<void>();
    this.sent.push(sent);
    return sent.promise;
  }

  /** The database tells everybody, the sender too. */
  async deliver(): Promise<void> {
    for (const ear of this.#ears) ear();
    this.sent.at(-1)?.resolve();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const never = new AbortController().signal;

describe('an effect bell', () => {
  it('asks the database for nothing while its own member drains all lanes', async () => {
    const channel = new Channel();
    const bell = new EffectBell(channel, 'views');
    bell.holds(64);
    bell.ring();
    await bell.wait(60_000, never);
    expect(channel.sent).toHaveLength(0);
  });

  it('wakes the members that drain the other lanes, who tell nobody on', async () => {
    const channel = new Channel();
    const [mine, other] = [new EffectBell(channel, 'views'), new EffectBell(channel, 'views')];
    await other.listening().start();
    mine.ring();
    expect(channel.sent).toHaveLength(1);
    await channel.deliver();
    await other.wait(60_000, never);
    expect(channel.sent).toHaveLength(1);
  });

  it('makes one more of all that is rung while a notification is under way', async () => {
    const channel = new Channel();
    const bell = new EffectBell(channel, 'views');
    for (let n = 0; n < 100; n += 1) bell.ring();
    expect(channel.sent).toHaveLength(1);
    await channel.deliver();
    expect(channel.sent).toHaveLength(2);
    await channel.deliver();
    expect(channel.sent).toHaveLength(2);
  });

  it('goes on when a notification fails', async () => {
    const channel = new Channel();
    const bell = new EffectBell(channel, 'views');
    bell.ring();
    channel.sent[0]?.reject(new Error('gone'));
    await new Promise((resolve) => setImmediate(resolve));
    bell.ring();
    expect(channel.sent).toHaveLength(2);
  });
});
