import type { JsonValue } from '@nova/proto/runtime';
import type { Column, StoredRow } from './view-table.ts';

const SPECIAL = /[\\\n\r\t]/;
const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/**
 * A row as a line of COPY's text format (postgresql.org/docs/18/sql-copy.html). Undefined where a
 * value is not of its column's kind, or no text of PostgreSQL's: the ordinary write then converts or
 * refuses it, so that both ways leave the same rows.
 */
export function copyLine(columns: readonly Column[], row: StoredRow): string | undefined {
  const fields: string[] = [];
  for (const { name, type } of columns) {
    const field = fieldOf(type, row[name] ?? null);
    if (field === undefined) return undefined;
    fields.push(field);
  }
  return `${fields.join('\t')}\n`;
}

function fieldOf(type: string, value: JsonValue): string | undefined {
  if (value === null) return '\\N';
  if (type === 'jsonb') return escaped(JSON.stringify(value));
  if (!type.endsWith('[]')) return scalar(type, value);
  if (!Array.isArray(value)) return undefined;
  const elements = value.map((one) => elementOf(type.slice(0, -2), one));
  return elements.includes(undefined) ? undefined : escaped(`{${elements.join(',')}}`);
}

function scalar(type: string, value: JsonValue): string | undefined {
  if (type === 'text' || type === 'uuid') {
    return typeof value === 'string' ? escaped(value) : undefined;
  }
  if (type === 'boolean') return typeof value === 'boolean' ? String(value) : undefined;
  return typeof value === 'number' ? String(value) : undefined;
}

function elementOf(type: string, value: JsonValue): string | undefined {
  if (value === null) return 'NULL';
  if (type !== 'text' && type !== 'uuid')
    return typeof value === 'number' ? String(value) : undefined;
  return typeof value === 'string' ? `"${value.replaceAll(/["\\]/g, '\\$&')}"` : undefined;
}

function escaped(text: string): string | undefined {
  if (!text.isWellFormed() || text.includes('\u0000')) return undefined;
  return SPECIAL.test(text)
    ? text.replaceAll(/[\\\n\r\t]/g, (found) => ESCAPES[found] ?? found)
    : text;
}
