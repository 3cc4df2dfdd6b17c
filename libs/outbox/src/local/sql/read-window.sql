-- What is visible now and was not in the snapshot $1, with the snapshot that "now" is: one statement
-- sees one snapshot. At most $2 rows, and one more that tells that it is too many; at most $3 bytes of
-- payload and one row. By the index on xid: what began since, and what was running then.
SELECT s.*, w.*
FROM (
  SELECT pg_current_snapshot()::text AS snapshot, pg_is_in_recovery() AS standby,
         pg_postmaster_start_time()::text AS server
) AS s
LEFT JOIN (
  SELECT * FROM (
    SELECT c.*, count(*) OVER () AS found,
           sum(octet_length(c.payload)) OVER (ORDER BY c.id) - octet_length(c.payload) AS bytes_before
    FROM (
      SELECT * FROM local_outbox_events WHERE xid >= pg_snapshot_xmax($1::pg_snapshot)
      UNION ALL
      SELECT * FROM local_outbox_events
      WHERE xid = ANY (ARRAY(SELECT pg_snapshot_xip($1::pg_snapshot)))
      LIMIT $2::integer + 1
    ) AS c
  ) AS b
  WHERE b.bytes_before < $3::bigint
) AS w ON true
ORDER BY w.id
