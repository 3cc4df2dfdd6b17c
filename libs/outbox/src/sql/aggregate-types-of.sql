-- By the index outbox_aggregates_by_key.
SELECT aggregate_type FROM outbox_aggregates WHERE aggregate_id = $1 ORDER BY aggregate_type
