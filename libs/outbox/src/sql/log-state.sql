-- 64-bit integers as text, since JSON has none.
SELECT l.epoch, l.last_position,
       (SELECT json_agg(json_build_object('epoch', p.epoch, 'first_position', p.first_position::text,
                                          'started_at', outbox_time(p.started_at)) ORDER BY p.ordinal)
        FROM outbox_epochs AS p) AS epochs,
       (SELECT json_agg(json_build_object('lane', n.lane, 'position', n.position::text,
                                          'epoch', outbox_epoch_of(n.position),
                                          'moved_at', outbox_time(n.moved_at), 'owner', n.owner,
                                          'lease_until', outbox_time(n.lease_until)) ORDER BY n.lane)
        FROM outbox_lanes AS n) AS lanes
FROM outbox_log AS l
