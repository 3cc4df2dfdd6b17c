-- The oldest that runs, with where its lanes are.
SELECT r.id, r.to_position AS "to", r.event_types AS "eventTypes",
       r.events_per_second AS "eventsPerSecond", r.reason,
       (SELECT json_agg(json_build_object('lane', n.lane, 'position', n.position::text))
        FROM outbox_republish_lanes AS n WHERE n.id = r.id AND n.position < r.to_position) AS lanes
FROM outbox_republish AS r
WHERE r.state = 'running'
ORDER BY r.requested_at
LIMIT 1
