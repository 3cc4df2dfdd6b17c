-- One window of the log, in order, by the primary key. COPY takes no parameters: the names in braces
-- are replaced, with numbers and a condition on the type. Rows end with the first that makes the
-- payloads reach the limit, decided before any payload is read (octet_length only looks at its size).
COPY (
  SELECT position, aggregate_version, type_sequence, occurred_at, stored_at, event_id,
         schema_version, lane, event_type, aggregate_type, aggregate_id, source, tenant,
         previous::text, headers::text, payload
  FROM (
    SELECT rows.*,
           sum(octet_length(payload)) OVER (ORDER BY position ROWS UNBOUNDED PRECEDING)
             - octet_length(payload) AS bytes_before
    FROM (
      SELECT * FROM outbox_events
      WHERE position > {after} AND position <= {upto} AND lane = ANY (ARRAY[{lanes}]::smallint[]){types}
      ORDER BY position
      LIMIT {rows}
    ) AS rows
  ) AS sized
  WHERE bytes_before < {bytes}
  ORDER BY position
) TO STDOUT (FORMAT binary)
