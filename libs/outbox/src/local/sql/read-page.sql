-- The next rows by id, after $3, of what is visible in the snapshot $2 and is not in $1: at most $4
-- rows, and at most $5 bytes of payload and one row.
SELECT s.*, w.*
FROM (
  SELECT $2::text AS snapshot, pg_is_in_recovery() AS standby,
         pg_postmaster_start_time()::text AS server
) AS s
LEFT JOIN (
  SELECT * FROM (
    SELECT c.*, count(*) OVER () AS found,
           sum(octet_length(c.payload)) OVER (ORDER BY c.id) - octet_length(c.payload) AS bytes_before
    FROM (
      SELECT * FROM local_outbox_events
      WHERE id > $3::bigint AND pg_visible_in_snapshot(xid, $2::pg_snapshot)
        AND NOT pg_visible_in_snapshot(xid, $1::pg_snapshot)
      ORDER BY id
      LIMIT $4::integer
    ) AS c
  ) AS b
  WHERE b.bytes_before < $5::bigint
) AS w ON true
ORDER BY w.id
