SELECT * FROM local_outbox_events
WHERE aggregate_type = $1::text AND aggregate_id = $2::text AND aggregate_version >= $3::bigint
ORDER BY aggregate_version
LIMIT $4::integer
