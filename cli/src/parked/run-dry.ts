import { TryOutcome, type TryParkedResponse } from '@nova/proto/gen/ops/ops_service_pb';
import type { Output } from '../output.ts';
import type { ExitCode, Invocation } from '../verb.ts';
import type { AskedConsumer } from './consumers-asked.ts';
import { aggregatesOf, effectsOf } from './run-list.ts';
import type { Selection } from './selection.ts';

const WORDS: Readonly<Record<TryOutcome, string>> = {
  [TryOutcome.UNSPECIFIED]: 'unknown',
  [TryOutcome.WOULD_APPLY]: 'would apply',
  [TryOutcome.WOULD_FAIL]: 'would fail',
  [TryOutcome.NOT_PARKED]: 'not parked',
  [TryOutcome.NOT_TRIED]: 'not tried',
};

interface Tried {
  readonly consumer: string;
  readonly aggregate: string;
  readonly outcome: string;
  readonly detail: string;
  readonly applied: number;
  readonly tried: number;
  readonly changed_rows: number;
  readonly effects: number;
  readonly changes: readonly { view: string; before: unknown; after: unknown }[];
}

/**
 * What an act would come to. A replay is tried: handlers run, and everything is rolled back. What a
 * discard means, and what becomes of effects, is only listed.
 */
export async function runDry(
  { out, signal }: Pick<Invocation, 'out' | 'signal'>,
  consumers: readonly AskedConsumer[],
  kind: 'replay' | 'discard',
  selection: Selection,
): Promise<ExitCode> {
  const tried: Tried[] = [];
  for (const consumer of consumers) {
    if (selection.case === 'effects') {
      const effects = await effectsOf(consumer, selection.value);
      tried.push(...effects.map((one) => listed(consumer.name, `${one.effect} → ${one.target}`)));
      continue;
    }
    for (const { aggregateType, aggregateId } of await aggregatesOf(consumer, selection.value)) {
      if (signal.aborted) break;
      const aggregate = `${aggregateType}/${aggregateId}`;
      out.progress(`trying ${aggregate}`);
      const name = { aggregateType, aggregateId };
      tried.push(
        kind === 'discard'
          ? listed(consumer.name, aggregate)
          : told(consumer.name, aggregate, await consumer.client.tryParked(name)),
      );
    }
  }
  out.progressDone();
  if (out.format === 'json') out.json({ dry_run: tried });
  else print(tried, kind, out);
  return tried.every(({ outcome }) => outcome === 'would apply' || outcome === 'selected') ? 0 : 1;
}

function listed(consumer: string, aggregate: string): Tried {
  const nothing = { applied: 0, tried: 0, changed_rows: 0, effects: 0, changes: [] };
  return { consumer, aggregate, outcome: 'selected', detail: '', ...nothing };
}

function told(consumer: string, aggregate: string, answer: TryParkedResponse): Tried {
  return {
    consumer,
    aggregate,
    outcome: WORDS[answer.outcome],
    detail: answer.detail,
    applied: answer.applied,
    tried: answer.tried,
    changed_rows: answer.changedRows,
    effects: answer.effects,
    changes: answer.changes.map(({ view, before, after }) => ({
      view,
      before: rowOf(before),
      after: rowOf(after),
    })),
  };
}

function rowOf(text: string): unknown {
  return text === '' ? null : JSON.parse(text);
}

function print(tried: readonly Tried[], kind: string, out: Output): void {
  if (tried.length === 0) {
    out.note('nothing that is parked is meant by that');
    return;
  }
  for (const one of tried) {
    const sum =
      one.outcome === 'selected'
        ? kind
        : `${one.outcome}: ${one.applied} of ${one.tried} events, ${one.changed_rows} rows, ${one.effects} effects`;
    out.line(`${one.consumer}  ${one.aggregate}  ${sum}`);
    if (one.detail !== '') out.line(`  ${out.style.bad(one.detail)}`);
    for (const { view, before, after } of one.changes) {
      if (before !== null) out.line(`  - ${view} ${JSON.stringify(before)}`);
      if (after !== null) out.line(`  + ${view} ${JSON.stringify(after)}`);
    }
  }
  out.note('nothing was changed');
}
