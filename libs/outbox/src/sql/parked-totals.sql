SELECT count(*) AS aggregates,
       coalesce(sum(a.version - p.aggregate_version + 1), 0)::bigint AS events,
       outbox_time(min(p.first_failed_at)) AS since,
       (extract(epoch FROM clock_timestamp() - min(p.first_failed_at)) * 1000)::float8 AS age_ms
FROM outbox_parked AS p JOIN outbox_aggregates AS a USING (aggregate_type, aggregate_id)
