-- Message $3 of the conversation in $2, if user $1 may read it.
WITH access AS ({access})
SELECT to_jsonb(m) || jsonb_build_object(
         'sender_username', u.username, 'sender_display_name', u.display_name) AS message
FROM access
JOIN message_view AS m ON m.conversation_id = access.conversation_id AND m.message_id = $3
LEFT JOIN user_view AS u ON u.user_id = m.sender_id
WHERE EXISTS (
  SELECT 1 FROM unnest(access.lows, access.highs) AS span (low, high)
  WHERE m.sequence > span.low AND m.sequence <= span.high)
