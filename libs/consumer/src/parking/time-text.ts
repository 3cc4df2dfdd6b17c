const TIME = `'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'`;

/** SQL of a time column as RFC 3339 text: UTC, microseconds. */
export function timeText(column: string): string {
  return `to_char(${column} AT TIME ZONE 'UTC', ${TIME})`;
}
