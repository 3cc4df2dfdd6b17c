import { describe, expect, it } from '@jest/globals';
import { sleep } from '@nova/time';
import { RpcError } from '../rpc-error.ts';
import { patientClient } from './patient-client.ts';

const behind = new RpcError('behind', {
  status: 'FAILED_PRECONDITION',
  reason: 'VIEW_BEHIND',
  violations: [],
  metadata: {},
  retryAfterMs: undefined,
  method: 'spec.Spec/Ask',
  correlationId: '',
});

const request = { minConsistencyToken: 'token' };

/** A client whose first calls find the view behind, after 30 ms. */
function clientOf(behindTimes: number, options: { waitedMs: number; withinMs: number }) {
  const asked: unknown[] = [];
  const ask = async (given: { readonly minConsistencyToken?: string }) => {
    asked.push(given);
    await sleep(30);
    if (asked.length <= behindTimes) throw behind;
    return asked.length;
  };
  return { asked, ...patientClient({ ask }, options) };
}

describe('patientClient', () => {
  it('asks again where the query has waited and the view is still behind', async () => {
    const client = clientOf(2, { waitedMs: 20, withinMs: 3_600_000 });
    expect(await client.ask(request)).toBe(3);
    expect(client.asked).toEqual([request, request, request]);
  });

  it.each([
    ['did not wait', 3_600_000, request],
    ['has no token', 20, {}],
    ['has an empty token', 20, { minConsistencyToken: '' }],
  ])('asks once where the query %s', async (_, waitedMs, given) => {
    const client = clientOf(1, { waitedMs, withinMs: 3_600_000 });
    await expect(client.ask(given)).rejects.toBe(behind);
    expect(client.asked).toEqual([given]);
  });

  it('ends', async () => {
    const client = clientOf(1_000_000, { waitedMs: 20, withinMs: 200 });
    await expect(client.ask(request)).rejects.toBe(behind);
  });
});
