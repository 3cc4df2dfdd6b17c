import { stripVTControlCharacters } from 'node:util';

/** A column: its heading, and `right` for numbers. */
export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** Lines of a table: headings, then rows, columns two spaces apart, no line ends in a space. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string[] {
  const cells = [columns.map((column) => column.title), ...rows];
  const widths = columns.map((_, index) =>
    Math.max(...cells.map((row) => widthOf(row[index] ?? ''))),
  );
  return cells.map((row) =>
    columns
      .map((column, index) => pad(row[index] ?? '', widths[index] ?? 0, column.align ?? 'left'))
      .join('  ')
      .trimEnd(),
  );
}

function pad(text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)));
  return align === 'left' ? text + space : space + text;
}

// Colours take no room.
function widthOf(text: string): number {
  return stripVTControlCharacters(text).length;
}
