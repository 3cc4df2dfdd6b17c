-- Message $3 of the conversation in $2, if user $1 may read it.
WITH access AS MATERIALIZED ({access})
SELECT to_jsonb(m) || jsonb_build_object('sender', sender.names) AS message
FROM access
CROSS JOIN LATERAL (
  SELECT * FROM message_view AS m
  WHERE m.conversation_id = access.conversation_id AND m.message_id = $3
  LIMIT 1
) AS m
{sender_names}
WHERE EXISTS (
  SELECT 1 FROM unnest(access.lows, access.highs) AS span (low, high)
  WHERE m.sequence > span.low AND m.sequence <= span.high)
