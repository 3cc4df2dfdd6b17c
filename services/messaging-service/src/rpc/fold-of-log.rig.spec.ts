import type { StoredEvent } from '@nova/events';
import { readWindow } from '@nova/outbox';
import type { StoredRow } from '@nova/projection';
import { MemoryViews } from '@nova/projection/testing';
import { views } from '../views/views.ts';
import type { Rig } from './messaging.rig.spec.ts';

type Rows = Readonly<Record<string, readonly StoredRow[]>>;

/** Every row of every view: as the service stored it, and as a fold of the whole log gives it. */
export async function rowsByView(rig: Rig): Promise<{ stored: Rows; folded: Rows }> {
  const events = await wholeLog(rig);
  const memory = new MemoryViews(views).apply(events);
  const stored: Record<string, readonly StoredRow[]> = {};
  const folded: Record<string, readonly StoredRow[]> = {};
  for (const view of views) {
    const rows = await rig.store.database.query<{ row: StoredRow }>(
      `SELECT to_jsonb(t) AS row FROM views_g1.${view.name} AS t`,
    );
    stored[view.name] = byKey(
      view.key,
      rows.map(({ row }) => row),
    );
    folded[view.name] = byKey(view.key, memory.rows(view));
  }
  return { stored, folded };
}

async function wholeLog({ log }: Rig): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for (let after = 0n; ; ) {
    const window = await readWindow(log.database, { after, limit: 1000 });
    events.push(...window.events);
    if (window.scanned.position === after) return events;
    after = window.scanned.position;
  }
}

function byKey(key: readonly string[], rows: readonly StoredRow[]): readonly StoredRow[] {
  const nameOf = (row: StoredRow) => JSON.stringify(key.map((column) => row[column]));
  return rows.toSorted((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1));
}
