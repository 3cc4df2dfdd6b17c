import type { Output } from './output.ts';

/** How many events of each type an act would concern. */
export function showCounts(events: Readonly<Record<string, bigint>>, out: Output): void {
  if (out.format === 'json') {
    out.json({ events });
    return;
  }
  out.table(
    [{ title: 'EVENT TYPE' }, { title: 'EVENTS', align: 'right' }],
    Object.entries(events).map(([type, count]) => [type, count.toLocaleString('en-US')]),
  );
}
