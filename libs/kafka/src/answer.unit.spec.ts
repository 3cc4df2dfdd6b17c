import { describe, expect, it } from '@jest/globals';
import { judgeAnswer } from './answer.ts';

const sent = { topic: 'nova_events_message_created', partition: 3 };
const good = { topicName: sent.topic, partition: 3, errorCode: 0, baseOffset: '41' };

describe('judgeAnswer', () => {
  it('takes the answer for the partition that was sent to', () => {
    expect(judgeAnswer([good], sent, 41n)).toEqual({ trusted: true, baseOffset: 41n });
  });

  it.each([
    ['an empty answer, as for a partition that does not exist', []],
    ['an answer for another partition', [{ ...good, partition: 4 }]],
    ['an answer for another topic', [{ ...good, topicName: 'nova_events_other' }]],
    ['an answer with an error', [{ ...good, errorCode: 6 }]],
    ['an answer without an offset', [{ topicName: sent.topic, partition: 3, errorCode: 0 }]],
    ['an offset of -1', [{ ...good, baseOffset: '-1' }]],
    ['an answer for several partitions', [good, { ...good, partition: 4 }]],
    ['an offset that was acknowledged before', [{ ...good, baseOffset: '40' }]],
  ])('does not trust %s', (_, answers) => {
    expect(judgeAnswer(answers, sent, 41n)).toMatchObject({ trusted: false });
  });
});
