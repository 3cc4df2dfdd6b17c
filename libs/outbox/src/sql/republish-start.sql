WITH asked AS (
  INSERT INTO outbox_republish (
    from_position, to_position, event_types, events_per_second, reason, requested_by, events)
  VALUES ($1, $2, $3, $4, $5, $6, $7)
  RETURNING id, from_position
), lanes AS (
  INSERT INTO outbox_republish_lanes (id, lane, position)
  SELECT asked.id, n.lane, asked.from_position - 1 FROM asked, outbox_lanes AS n
)
SELECT id FROM asked
