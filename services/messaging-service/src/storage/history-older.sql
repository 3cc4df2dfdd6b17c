-- The last $4 messages of the conversation in $2 up to sequence $3 that user $1 may read.
WITH access AS MATERIALIZED ({access})
SELECT to_jsonb(m) || jsonb_build_object('sender', sender.names) AS message
FROM (
  SELECT m.*
  FROM access
  CROSS JOIN unnest(access.lows, access.highs) AS span (low, high)
  CROSS JOIN LATERAL (
    SELECT * FROM message_view AS m
    WHERE m.conversation_id = access.conversation_id
      AND m.sequence > span.low AND m.sequence <= least(span.high, $3)
    ORDER BY m.sequence DESC LIMIT $4
  ) AS m
  ORDER BY m.sequence DESC LIMIT $4
) AS m
{sender_names}
ORDER BY m.sequence
