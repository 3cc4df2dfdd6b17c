import { randomUUID } from 'node:crypto';
import { waitFor } from '@nova/testkit';
import { sleep } from '@nova/time';
import type { OrdersBeside } from './orders-beside.ts';

const CLIENTS = 6;
const AMOUNT = '7';

/** Placing and shipping orders while something is killed. */
export interface KillingLoad {
  /** Resolves when so many more orders are placed and shipped. */
  further(orders: number): Promise<void>;
}

/** What the board shows of the orders that were placed and shipped; anything but 0 is wrong. */
export interface BoardVerdict {
  readonly missing: number;
  /** Shown as not placed, not shipped, or with another amount. */
  readonly incomplete: number;
  /** Placed or shipped more than once. */
  readonly doubled: number;
  /** Never placed. */
  readonly invented: number;
}

/** What a run came to. */
export interface KilledReport {
  readonly orders: number;
  /** Requests that had to be repeated, as their answer did not come. */
  readonly repeated: number;
  readonly verdict: BoardVerdict;
}

/**
 * Places and ships orders until `killing` has done its work, then waits until the board shows all of
 * them.
 *
 * @param known orders that were there before
 */
export async function ordersWhileKilling(
  beside: OrdersBeside,
  known: readonly string[],
  killing: (load: KillingLoad) => Promise<void>,
): Promise<KilledReport> {
  const shipped: string[] = [];
  let isOver = false;
  let repeated = 0;
  const client = async () => {
    while (!isOver) {
      const id = randomUUID();
      repeated += await beside.put(id, { customer_id: randomUUID(), amount: Number(AMOUNT) });
      repeated += await beside.put(`${id}/shipment`, { carrier: 'bicycle' });
      shipped.push(id);
      // The machine is to have something left for what is being started again.
      await sleep(10);
    }
  };
  const load: KillingLoad = {
    async further(orders) {
      const due = shipped.length + orders;
      const what = `${orders} more orders after ${shipped.length}`;
      await waitFor(() => shipped.length >= due, { withinMs: 120_000, what });
    },
  };
  const killed = killing(load).finally(() => {
    isOver = true;
  });
  await Promise.all([killed, ...Array.from({ length: CLIENTS }, client)]);
  const look = async () => verdictOf(await beside.view(), shipped, known);
  await waitFor(
    async () => {
      const { missing, incomplete } = await look();
      return missing + incomplete === 0;
    },
    { withinMs: 120_000, everyMs: 500, what: 'every order on the board' },
    // Then the verdict tells what is missing.
  ).catch(() => {});
  return { orders: shipped.length, repeated, verdict: await look() };
}

/** Judges rows of the board's view: order id, amount, how often placed, how often shipped. */
export function verdictOf(
  rows: readonly string[][],
  shipped: readonly string[],
  known: readonly string[],
): BoardVerdict {
  const byId = new Map(rows.map(([id = '', ...rest]) => [id, rest]));
  const shown = shipped.map((id) => byId.get(id)).filter((row) => row !== undefined);
  const times = (row: readonly string[]) => row.slice(1).map(Number);
  const there = new Set([...shipped, ...known]);
  return {
    missing: shipped.length - shown.length,
    incomplete: shown.filter((row) => row[0] !== AMOUNT || times(row).some((n) => n < 1)).length,
    doubled: rows.filter(([, ...row]) => times(row).some((n) => n > 1)).length,
    invented: [...byId.keys()].filter((id) => !there.has(id)).length,
  };
}
