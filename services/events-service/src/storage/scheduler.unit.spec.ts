import { expect, it } from '@jest/globals';
import { NovaError } from '@nova/errors';
import { type Database, errors as postgresErrors } from '@nova/postgres';
import { silentLogger } from '@nova/telemetry';
import { createScheduler } from './scheduler.ts';

const BAD = '00000000-0000-4000-8000-000000000001';
const GOOD = '00000000-0000-4000-8000-000000000002';

/** What is scheduled, as two instances find it whose transactions take turns, one at a time. */
class SharedSchedule {
  readonly refused = new Set<string>();
  readonly appended: string[] = [];
  readonly #due = new Set([BAD, GOOD]);
  readonly #waiting = new Map<string, (() => void)[]>();
  #next = 'one';

  databaseOf(name: string): Database {
    this.#waiting.set(name, []);
    const query = (sql: { text?: string } | string, params: readonly unknown[] = []) =>
      this.#answer(typeof sql === 'string' ? sql : (sql.text ?? ''), params);
    const database = {
      query: async (sql: string, params?: readonly unknown[]) => query(sql, params),
      transaction: async (work: (tx: object) => Promise<unknown>) => {
        await new Promise<void>((go) => {
          this.#waiting.get(name)?.push(go);
          this.#goOn();
        });
        try {
          return await work({ query: async (sql: string, given?: unknown[]) => query(sql, given) });
        } finally {
          this.#next = name === 'one' ? 'other' : 'one';
          setImmediate(() => this.#goOn());
        }
      },
    };
    return database as unknown as Database;
  }

  #goOn(): void {
    this.#waiting.get(this.#next)?.shift()?.();
  }

  #open(): string[] {
    return [...this.#due].filter((id) => !this.refused.has(id));
  }

  #answer(text: string, params: readonly unknown[]): object[] {
    if (text.includes('min(not_before)')) return [{ ms: this.#open().length > 0 ? -1 : null }];
    if (text.includes('pg_try_advisory')) return [{ is_mine: true }];
    if (text.includes('WITH due')) return this.#open().slice(0, Number(params[0])).map(dueRow);
    if (text.includes('SET refusal')) {
      this.refused.add(String(params[0]));
      return [];
    }
    if (text.includes('DELETE FROM outbox_scheduled')) {
      for (const id of params[0] as string[]) this.#due.delete(id);
      return [];
    }
    const ids: readonly string[] = String(params[11]).match(/[0-9a-f-]{36}/g) ?? [];
    if (ids.includes(BAD)) throw new NovaError(postgresErrors.POSTGRES_REFUSED, { sqlstate: '1' });
    this.appended.push(...ids);
    return [{ unit: -1, epoch: 'e', stored_at: 't' }, ...ids.map((_, unit) => storedRow(unit))];
  }
}

const dueRow = (event_id: string) => ({
  ...{ event_id, event_type: 'member_added', schema_version: 1, aggregate_type: 'user' },
  ...{ aggregate_id: event_id, source: '/nova/x', tenant: null, headers: {} },
  ...{ payload: Buffer.from('{}'), occurred_at: null, expires_at: null, is_expired: false },
});

const storedRow = (unit: number) => ({
  ...{ unit, index: 0, outcome: 'stored', position: 1n, aggregate_version: 1n, type_sequence: 1n },
  ...{ previous: {}, occurred_at: 't', event_id: null, epoch: null, stored_at: null },
});

it('sets aside the event that cannot be taken and no other, also beside another instance', async () => {
  const schedule = new SharedSchedule();
  const schedulers = ['one', 'other'].map((name) =>
    createScheduler({ database: schedule.databaseOf(name), logger: silentLogger, wake: () => {} }),
  );
  await Promise.all(schedulers.map(({ part }) => part.start()));
  while (schedule.appended.length + schedule.refused.size < 2) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect([...schedule.refused]).toEqual([BAD]);
  expect(schedule.appended).toEqual([GOOD]);
  await Promise.all(schedulers.map(({ part }) => part.stop()));
}, 20_000);

it('rests while another instance has the turn', async () => {
  let looks = 0;
  const tx = { query: async () => [{ is_mine: false }] };
  const database = {
    query: async () => {
      looks += 1;
      return [{ ms: -1 }];
    },
    transaction: (work: (given: object) => Promise<unknown>) => work(tx),
  } as unknown as Database;
  const { part } = createScheduler({ database, logger: silentLogger, wake: () => {} });
  await part.start();
  await new Promise((resolve) => setTimeout(resolve, 50));
  await part.stop();
  expect(looks).toBeLessThan(3);
});
