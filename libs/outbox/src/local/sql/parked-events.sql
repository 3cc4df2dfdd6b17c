-- The events of parked aggregates from a version on, at most $4 of each, aggregate by aggregate in
-- the order given; $5 bytes of payload and one row at most. `found`: how many there are without
-- that bound.
SELECT b.*
FROM (
  SELECT e.*, w.place, count(*) OVER () AS found,
         sum(octet_length(e.payload)) OVER (ORDER BY w.place, e.aggregate_version)
           - octet_length(e.payload) AS bytes_before
  FROM unnest($1::text[], $2::text[], $3::bigint[]) WITH ORDINALITY AS w(type, id, version, place)
  CROSS JOIN LATERAL (
    SELECT * FROM local_outbox_events AS o
    WHERE o.aggregate_type = w.type AND o.aggregate_id = w.id AND o.aggregate_version >= w.version
    ORDER BY o.aggregate_version
    LIMIT $4::integer
  ) AS e
) AS b
WHERE b.bytes_before < $5::bigint
ORDER BY b.place, b.aggregate_version
