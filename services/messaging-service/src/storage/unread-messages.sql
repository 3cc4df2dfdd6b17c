-- Within access: the messages of one conversation that user $1 has not read, at most 1,000 of a
-- membership.
SELECT found.sequence
FROM unnest(access.lows, access.highs) AS span (low, high)
CROSS JOIN LATERAL (
  SELECT m.sequence FROM message_view AS m
  WHERE m.conversation_id = access.conversation_id
    AND m.sequence > greatest(span.low, access.last_read_sequence) AND m.sequence <= span.high
    AND m.sender_id <> $1 AND NOT m.is_deleted
  ORDER BY m.sequence DESC
  LIMIT 1000
) AS found
