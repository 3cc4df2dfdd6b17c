import { describe, expect, it } from '@jest/globals';
import { ConsumerPhase, ConsumerSchema } from '@nova/proto/gen/ops/ops_service_pb';
import { create, type MessageInitShape } from '@nova/proto/runtime';
import { Output } from '../output.ts';
import { askConsumers, needsOperator, standingOf } from './consumer-standing.ts';
import { printConsumers } from './print-consumers.ts';

const member = (fields: MessageInitShape<typeof ConsumerSchema>) =>
  create(ConsumerSchema, {
    service: 'messaging',
    consumer: 'views',
    generation: 1,
    phase: ConsumerPhase.RUNNING,
    ...fields,
  });

function printed(fields: MessageInitShape<typeof ConsumerSchema>): string {
  const lines: string[] = [];
  const out = new Output({
    format: 'table',
    stdout: { write: (text) => lines.push(text) },
    stderr: { write: () => true },
    colour: false,
    nowMs: () => 0,
  });
  printConsumers([standingOf([member(fields)], undefined)], out);
  return lines.at(-1) ?? '';
}

describe('a consumer of several processes', () => {
  it('has the lag of all, what they share once, and the worst state', () => {
    const standing = standingOf(
      [
        member({ lagEvents: 3n, lagSeconds: 1.5, parkedAggregates: 2n, trouble: 'no database' }),
        member({
          lagEvents: 4n,
          lagSeconds: 0.2,
          parkedAggregates: 2n,
          generation: 2,
          phase: ConsumerPhase.CATCHING_UP,
          trouble: 'no database',
        }),
      ],
      '2023-11-14T22:13:20.000000Z',
    );
    expect(standing).toMatchObject({
      processes: 2,
      generation: 2,
      state: 'catching_up',
      lag_events: 7n,
      lag_seconds: 1.5,
      parked_aggregates: 2n,
      trouble: 'no database',
      last_seen_at: '2023-11-14T22:13:20.000000Z',
    });
  });

  it('needs an operator when something is parked, not while it is tried again', () => {
    const of = (fields: MessageInitShape<typeof ConsumerSchema>) =>
      needsOperator(standingOf([member(fields)], undefined));
    expect(of({ retryingAggregates: 1n, parkedEvents: 3n })).toBe(false);
    expect(of({ parkedAggregates: 1n })).toBe(true);
    expect(of({ parkedEffects: 1n })).toBe(true);
  });
});

describe('the table of consumers', () => {
  it('shows generation, lag in events and time, what fails and what is parked', () => {
    expect(printed({ lagEvents: 12_345n, lagSeconds: 62 }).trim().split(/ {2,}/)).toEqual([
      'messaging/views',
      'running',
      '1',
      '12,345',
      '1 m 2 s',
      '0',
      '0',
    ]);
    const parked = { retryingAggregates: 1n, parkedAggregates: 2n, parkedEvents: 7n };
    expect(printed({ ...parked, parkedEffects: 1n, trouble: 'a\nb' })).toMatch(
      / 1 {2}2 aggregates \(7 events\), 1 effect {2}a$/m,
    );
  });
});

describe('asking consumers', () => {
  it('says of each that does not run or answer why, without failing', async () => {
    const registered = {
      name: 'messaging/views',
      service: 'messaging',
      consumer: 'views',
      generation: 3,
      eventTypes: ['message_created'],
      lastSeenAt: '2023-11-14T22:13:20.000000Z',
      lastAddress: 'elsewhere:50052',
    };
    const [unreachable, gone] = await askConsumers([
      { ...registered, addresses: ['127.0.0.1:1'] },
      { ...registered, name: 'other/views', service: 'other', addresses: [] },
    ]);
    expect(unreachable).toMatchObject({
      state: 'unreachable',
      generation: 3,
      trouble: expect.stringContaining('127.0.0.1:1'),
    });
    expect(gone).toMatchObject({
      service: 'other',
      state: 'not_running',
      trouble: 'last seen at elsewhere:50052',
    });
  });
});
