SELECT s.aggregate_type, s.aggregate_id, s.version
FROM (SELECT DISTINCT * FROM unnest($2::text[], $3::text[]) AS g(type, id)) AS g
JOIN outbox_sources AS s
  ON s.source = $1::text AND s.aggregate_type = g.type AND s.aggregate_id = g.id
