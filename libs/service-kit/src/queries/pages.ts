/**
 * A page ends early at about this many bytes. gRPC clients accept 4 MiB, and what is beside the
 * rows' texts comes on top.
 */
const PAGE_BYTES = 1024 * 1024;
/** Rows per query, so that a page of large rows is never in memory as a whole. */
const STEP = 64;

/** How much a page has. */
export interface PageBounds<Row> {
  /** Most rows. */
  readonly size: number;
  /** Bytes that a row takes in the answer, roughly; those of its JSON unless told. */
  readonly sizeOf?: (row: Row) => number;
  /** Most bytes, unless one row alone has more; 1 MiB unless told. */
  readonly maxBytes?: number;
}

/** A part of a list. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Whether the list goes on after these rows. */
  readonly goesOn: boolean;
}

/** The longest beginning that fits into an answer; of a list that is not empty, at least one. */
export function fitting<Row>(
  rows: readonly Row[],
  sizeOf: (row: Row) => number = jsonBytes,
  maxBytes = PAGE_BYTES,
): readonly Row[] {
  let bytes = 0;
  const end = rows.findIndex((row, at) => {
    bytes += sizeOf(row);
    return at > 0 && bytes > maxBytes;
  });
  return end === -1 ? rows : rows.slice(0, end);
}

/**
 * Gathers a page that fits into an answer. `read` answers up to `limit` rows after the given one in
 * the order of the list; fewer mean that it ends there.
 */
export async function gatherPage<Row>(
  { size, sizeOf, maxBytes }: PageBounds<Row>,
  read: (after: Row | undefined, limit: number) => Promise<readonly Row[]>,
): Promise<Page<Row>> {
  let rows: readonly Row[] = [];
  for (;;) {
    // One more than needed tells whether the list goes on.
    const limit = Math.min(STEP, size - rows.length + 1);
    const step = await read(rows.at(-1), limit);
    const found = [...rows, ...step];
    rows = fitting(found, sizeOf, maxBytes).slice(0, size);
    if (rows.length < found.length) return { rows, goesOn: true };
    if (step.length < limit) return { rows, goesOn: false };
  }
}

function jsonBytes(row: unknown): number {
  const text = JSON.stringify(row, (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
  return Buffer.byteLength(text);
}
