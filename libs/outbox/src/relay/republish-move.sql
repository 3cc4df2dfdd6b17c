-- $1 id, $2 relay; lanes $3 in terms $4, their positions $5, what was sent $6 and refused $7.
UPDATE outbox_republish_lanes AS r
SET position = greatest(r.position, moved.position), sent = r.sent + moved.sent,
    refused = r.refused + moved.refused
FROM unnest($3::smallint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
       AS moved (lane, term, position, sent, refused)
JOIN outbox_lanes AS n ON n.lane = moved.lane AND n.term = moved.term AND n.owner = $2
WHERE r.id = $1::uuid AND r.lane = moved.lane
