import { describe, expect, it } from '@jest/globals';
import { errors } from './errors.ts';
import { TopicDirectory } from './topic-directory.ts';

function counting(answers: readonly Readonly<Record<string, number>>[]) {
  let asked = 0;
  const directory = new TopicDirectory(() => {
    const answer = answers[Math.min(asked, answers.length - 1)] ?? {};
    asked += 1;
    return Promise.resolve(new Map(Object.entries(answer)));
  });
  return { directory, asked: () => asked };
}

describe('TopicDirectory', () => {
  it('asks once for topics that it then knows', async () => {
    const { directory, asked } = counting([{ a: 8, b: 1 }]);
    const counts = await Promise.all(['a', 'b', 'a'].map((topic) => directory.partitionsOf(topic)));
    expect(counts).toEqual([8, 1, 8]);
    expect(asked()).toBe(1);
  });

  it('asks again for a topic that it does not know', async () => {
    const { directory, asked } = counting([{ a: 8 }, { a: 8, late: 4 }]);
    await directory.partitionsOf('a');
    expect(await directory.partitionsOf('late')).toBe(4);
    expect(asked()).toBe(2);
  });

  it('says so when a topic does not exist', async () => {
    const { directory } = counting([{ a: 8 }]);
    await expect(directory.partitionsOf('nowhere')).rejects.toMatchObject({
      kind: errors.KAFKA_TOPIC_UNKNOWN,
    });
  });

  it('asks again after a failure and after forgetting', async () => {
    let fails = true;
    const directory = new TopicDirectory(() =>
      fails ? Promise.reject(new Error('planted')) : Promise.resolve(new Map([['a', 8]])),
    );
    await expect(directory.partitionsOf('a')).rejects.toThrow('planted');
    fails = false;
    expect(await directory.partitionsOf('a')).toBe(8);
    fails = true;
    directory.forget('a');
    await expect(directory.partitionsOf('a')).rejects.toThrow('planted');
  });
});
