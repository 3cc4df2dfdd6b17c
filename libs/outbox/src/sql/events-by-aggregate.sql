-- By the index outbox_events_p…_version of each partition.
SELECT * FROM outbox_stored_events
WHERE aggregate_type = $1 AND aggregate_id = $2 AND aggregate_version > $3::bigint
  AND ($5::text[] IS NULL OR event_type = ANY ($5::text[]))
ORDER BY aggregate_version
LIMIT $4
