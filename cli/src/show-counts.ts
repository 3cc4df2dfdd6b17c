import type { Output } from './output.ts';

/** How many events of each type an act would concern, and of how many aggregates where that is known. */
export function showCounts(
  events: Readonly<Record<string, bigint>>,
  out: Output,
  of: { readonly aggregates?: bigint } = {},
): void {
  if (out.format === 'json') {
    out.json({ events, ...of });
    return;
  }
  out.table(
    [{ title: 'EVENT TYPE' }, { title: 'EVENTS', align: 'right' }],
    Object.entries(events).map(([type, count]) => [type, count.toLocaleString('en-US')]),
  );
  if (of.aggregates !== undefined) {
    out.line(`of ${of.aggregates.toLocaleString('en-US')} aggregates`);
  }
}
