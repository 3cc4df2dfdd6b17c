import { describe, expect, it } from '@jest/globals';
import { publishWithLostAnswers } from './lost-answers.rig.spec.ts';

describe('a commit whose answer is lost', () => {
  // Each loss costs a new connection with its plans to be made; the torture run has 10,000.
  it('is one event once the call is repeated with its id, 120 times of 120', async () => {
    const { lost, failed, ...found } = await publishWithLostAnswers(120);
    // Calls that are stored by one statement share the loss of its answer.
    expect(lost).toBeGreaterThan(30);
    expect(failed).toBeGreaterThanOrEqual(120);
    expect(found).toEqual({ statuses: ['UNAVAILABLE'], events: 120, wrong: [] });
  }, 120_000);
});
