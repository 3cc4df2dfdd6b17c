import { describe, expect, it } from '@jest/globals';
import { PartitionQueues } from './partition-queues.ts';

describe('PartitionQueues', () => {
  it('runs work of one name in order, one at a time, also after a failure', async () => {
    const queues = new PartitionQueues();
    const order: string[] = [];
    const work = (name: string, fails: boolean) => async () => {
      order.push(`${name} begins`);
      await Promise.resolve();
      order.push(`${name} ends`);
      if (fails) throw new Error(name);
    };
    const results = await Promise.allSettled([
      queues.run('p', work('a', true)),
      queues.run('p', work('b', false)),
      queues.run('p', work('c', false)),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    expect(order).toEqual(['a', 'b', 'c'].flatMap((name) => [`${name} begins`, `${name} ends`]));
  });

  it('runs work of different names side by side', async () => {
    const queues = new PartitionQueues();
    const gate = Promise.withResolvers<void>();
    const held = queues.run('p', () => gate.promise);
    await expect(queues.run('q', () => Promise.resolve('done'))).resolves.toBe('done');
    gate.resolve();
    await held;
  });

  it('is idle only when nothing is in work, failed or not', async () => {
    const queues = new PartitionQueues();
    const gate = Promise.withResolvers<void>();
    const failing = queues.run('p', () => gate.promise);
    let isIdle = false;
    const idle = queues.idle().then(() => {
      isIdle = true;
    });
    await Promise.resolve();
    expect(isIdle).toBe(false);
    gate.reject(new Error('planted'));
    await expect(failing).rejects.toThrow('planted');
    await idle;
    expect(isIdle).toBe(true);
  });
});
