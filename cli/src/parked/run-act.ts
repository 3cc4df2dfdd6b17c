import { randomUUID } from 'node:crypto';
import { ParkedActKind, ParkedActState } from '@nova/proto/gen/ops/ops_service_pb';
import { sleep } from '@nova/time';
import { type ExitCode, type Invocation, wrongUse } from '../verb.ts';
import { type ActDocument, actDocument, printActs } from './act-document.ts';
import { type AskedConsumer, withConsumers } from './consumers-asked.ts';
import { runDry } from './run-dry.ts';
import { aggregatesOf, effectsOf } from './run-list.ts';
import { isNarrowed, type Selection, selectionOf, type Wishes } from './selection.ts';

type Call = Pick<Invocation, 'out' | 'environment' | 'portOffset' | 'signal'>;

/** What an operator wants done. */
export interface ActWishes extends Wishes {
  readonly kind: 'replay' | 'discard';
  readonly all: boolean;
  readonly dryRun: boolean;
  readonly rate: number;
  readonly reason: string | undefined;
}

const POLL_MS = 300;

/** `parked replay` and `parked discard`: begins it and waits for its end; Ctrl-C cancels it. */
export function runAct(call: Call, wishes: ActWishes): Promise<ExitCode> {
  if (!wishes.all && !isNarrowed(wishes)) {
    throw wrongUse('choose what is meant (--aggregate, --fingerprint, …), or say --all');
  }
  const selection = selectionOf(wishes, new Date());
  const reason = reasonOf(wishes);
  return withConsumers(call, wishes.consumer, async (consumers) => {
    if (wishes.dryRun) return runDry(call, consumers, wishes.kind, selection);
    const done: ActDocument[] = [];
    for (const consumer of consumers) {
      if (call.signal.aborted || !(await hasAny(consumer, selection))) continue;
      done.push(await carryOut(call, consumer, wishes, { selection, reason }));
    }
    call.out.progressDone();
    if (call.out.format === 'json') call.out.json({ acts: done });
    else if (done.length === 0) call.out.note('nothing that is parked is meant by that');
    else printActs(done, call.out);
    const isWhole = done.every(({ state, failed }) => state === 'done' && failed === 0);
    return isWhole && !call.signal.aborted ? 0 : 1;
  });
}

function reasonOf({ kind, reason, dryRun }: ActWishes): string {
  if (reason !== undefined) return reason;
  if (kind === 'discard' && !dryRun)
    throw wrongUse('discard needs a --reason; it is kept for ever');
  return 'replayed by hand';
}

async function hasAny(consumer: AskedConsumer, selection: Selection): Promise<boolean> {
  const found =
    selection.case === 'effects'
      ? await effectsOf(consumer, selection.value)
      : await aggregatesOf(consumer, selection.value);
  return found.length > 0;
}

async function carryOut(
  call: Call,
  consumer: AskedConsumer,
  { kind, rate }: ActWishes,
  { selection, reason }: { readonly selection: Selection; readonly reason: string },
): Promise<ActDocument> {
  const { act } = await consumer.client.startParkedAct({
    requestId: randomUUID(),
    kind: kind === 'replay' ? ParkedActKind.REPLAY : ParkedActKind.DISCARD,
    reason,
    perSecond: rate,
    selection,
  });
  return untilOver(call, consumer, act?.actId ?? '');
}

/** Waits for the end of an act; Ctrl-C cancels it. Fails with RpcError. */
export async function untilOver(
  { out, signal }: Pick<Call, 'out' | 'signal'>,
  { name, client }: AskedConsumer,
  actId: string,
): Promise<ActDocument> {
  for (;;) {
    if (signal.aborted) {
      out.note(`${name}: cancelled; what is in work is finished`);
      await client.cancelParkedAct({ actId });
    }
    const { act, failed } = await client.getParkedAct({ actId });
    if (act === undefined) throw new TypeError('an act was answered without itself');
    if (act.state !== ParkedActState.RUNNING) return actDocument(act, failed);
    const over = act.done + act.failed + act.gone;
    out.progress(`${name}: ${over} of ${act.total}, ${act.failed} failed (Ctrl-C cancels)`);
    await sleep(POLL_MS, signal);
  }
}
