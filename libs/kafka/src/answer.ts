/** What a driver says about one partition of a send; every field may be missing. */
export interface PartitionAnswer {
  readonly topicName?: string;
  readonly partition?: number;
  readonly errorCode?: number;
  readonly baseOffset?: string;
}

/** The offset of the first record of a send, or why the answer cannot be believed. */
export type Judgement =
  | { readonly trusted: true; readonly baseOffset: bigint }
  | { readonly trusted: false; readonly reason: string };

/**
 * Judges the answer to a send of one partition. kafkajs resolves with an empty answer when the
 * partition does not exist, and after reused sequence numbers with the offset of an older batch,
 * whose records are then the only ones in the topic: so the offset must lie at or above
 * `leastOffset`, the one after the last record acknowledged on this connection.
 */
export function judgeAnswer(
  answers: readonly PartitionAnswer[],
  sent: { readonly topic: string; readonly partition: number },
  leastOffset: bigint,
): Judgement {
  const [answer, ...others] = answers;
  if (answer === undefined) return { trusted: false, reason: 'it is empty' };
  if (others.length > 0) return { trusted: false, reason: 'it names several partitions' };
  if (answer.topicName !== sent.topic || answer.partition !== sent.partition) {
    return { trusted: false, reason: `it is for ${answer.topicName}/${answer.partition}` };
  }
  if (answer.errorCode !== 0) return { trusted: false, reason: `error code ${answer.errorCode}` };
  if (answer.baseOffset === undefined || !/^\d+$/.test(answer.baseOffset)) {
    return { trusted: false, reason: `offset ${answer.baseOffset}` };
  }
  const baseOffset = BigInt(answer.baseOffset);
  if (baseOffset < leastOffset) {
    return { trusted: false, reason: `offset ${baseOffset}, although ${leastOffset} was next` };
  }
  return { trusted: true, baseOffset };
}
