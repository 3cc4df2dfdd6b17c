import { randomUUID } from 'node:crypto';
import { printActs } from '../parked/act-document.ts';
import { untilOver } from '../parked/run-act.ts';
import { beginningOf } from '../relay/run-republish.ts';
import { showCounts } from '../show-counts.ts';
import type { ReplayWishes } from '../subscribing/run-replay.ts';
import { type ExitCode, type Invocation, wrongUse } from '../verb.ts';
import { onConsumer } from './on-consumer.ts';

type Call = Pick<Invocation, 'args' | 'out' | 'environment' | 'portOffset' | 'signal'>;

/** What the person asked for. */
export interface ReplayViewWishes extends ReplayWishes {
  readonly consumer: string | undefined;
  readonly rate: number;
}

/** `replay view`: begins it and waits for its end; Ctrl-C cancels it. Fails with RpcError. */
export function runReplayView(call: Call, wishes: ReplayViewWishes): Promise<ExitCode> {
  const { out } = call;
  const { reason = '', dryRun, from, to = '', aggregate = '', eventType, rate } = wishes;
  if (from === undefined && aggregate === '') {
    throw wrongUse('say --from (beginning, a position, or a time) or --aggregate');
  }
  if (reason === '' && !dryRun) throw wrongUse('a replay needs a --reason; it is kept with it');
  const beginning = beginningOf(from ?? 'beginning');
  return onConsumer(call, wishes, async (asked) => {
    const { act, events, aggregates } = await asked.client.replayEvents({
      ...beginning,
      requestId: randomUUID(),
      toPosition: to,
      eventTypes: [...eventType],
      aggregateId: aggregate,
      reason,
      dryRun,
      perSecond: rate,
    });
    if (dryRun) {
      showCounts(events, out, { aggregates });
      return 0;
    }
    const done = await untilOver(call, asked, act?.actId ?? '');
    out.progressDone();
    if (out.format === 'json') out.json({ acts: [done] });
    else printActs([done], out);
    return done.state === 'done' && done.failed === 0 ? 0 : 1;
  });
}
