INSERT INTO outbox_sources AS s (source, aggregate_type, aggregate_id, version)
SELECT $1::text, * FROM unnest($2::text[], $3::text[], $4::bigint[])
ON CONFLICT (source, aggregate_type, aggregate_id) DO UPDATE SET version = excluded.version
