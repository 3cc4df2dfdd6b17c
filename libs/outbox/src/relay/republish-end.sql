UPDATE outbox_republish AS r SET state = 'done', ended_at = clock_timestamp()
WHERE r.id = $1::uuid AND r.state = 'running'
  AND NOT EXISTS (SELECT FROM outbox_republish_lanes AS n
                  WHERE n.id = r.id AND n.position < r.to_position)
RETURNING r.id
