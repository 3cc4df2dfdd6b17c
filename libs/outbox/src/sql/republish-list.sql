-- One of them ($1), or the last $2.
SELECT r.id, r.state, r.from_position AS "fromPosition", r.to_position AS "toPosition",
       outbox_epoch_of(r.from_position) AS "fromEpoch", outbox_epoch_of(r.to_position) AS "toEpoch",
       outbox_epoch_of(l.reached) AS "reachedEpoch",
       r.event_types AS "eventTypes", r.events_per_second AS "eventsPerSecond", r.reason,
       r.requested_by AS "requestedBy", outbox_time(r.requested_at) AS "requestedAt",
       outbox_time(r.ended_at) AS "endedAt", r.events, l.sent, l.refused, l.reached
FROM outbox_republish AS r
CROSS JOIN LATERAL (
  SELECT coalesce(sum(n.sent), 0)::bigint AS sent, coalesce(sum(n.refused), 0)::bigint AS refused,
         min(n.position) AS reached
  FROM outbox_republish_lanes AS n WHERE n.id = r.id
) AS l
WHERE $1::uuid IS NULL OR r.id = $1::uuid
ORDER BY r.requested_at DESC
LIMIT $2
