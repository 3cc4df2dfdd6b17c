import { describe, expect, it } from '@jest/globals';
import { publishWithLostAnswers } from './lost-answers.rig.spec.ts';

describe('a commit whose answer is lost', () => {
  it('is one event once the call is repeated with its id, 10,000 times of 10,000', async () => {
    const { lost, failed, ...found } = await publishWithLostAnswers(10_000);
    process.stdout.write(`${JSON.stringify({ lost, failed, ...found })}\n`);
    expect(lost).toBeGreaterThan(1000);
    expect(found).toEqual({ statuses: ['UNAVAILABLE'], events: 10_000, wrong: [] });
  }, 7_200_000);
});
