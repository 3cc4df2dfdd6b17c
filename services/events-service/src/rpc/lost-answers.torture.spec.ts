import { describe, expect, it } from '@jest/globals';
import { tellTorture, torturePart } from '@nova/testkit';
import { publishWithLostAnswers } from './lost-answers.rig.spec.ts';

describe('a commit whose answer is lost', () => {
  it('is one event once the call is repeated with its id, 10,000 times of 10,000', async () => {
    const { times } = torturePart({ times: 10_000 });
    const { lost, failed, ...found } = await publishWithLostAnswers(times);
    tellTorture('lost answers', { lost, failed, ...found });
    expect(lost).toBeGreaterThan(times / 10);
    expect(found).toEqual({ statuses: ['UNAVAILABLE'], events: times, wrong: [] });
  }, 7_200_000);
});
