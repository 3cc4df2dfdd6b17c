-- How often each emoji was given to the messages $2 in the conversations $1, and whether by user $3.
SELECT r.conversation_id, r.message_id, min(r.emoji) AS emoji, count(*) AS count,
       bool_or(r.user_id = $3) AS is_own
FROM unnest($1::text[], $2::text[]) AS wanted (conversation_id, message_id)
JOIN reaction_view AS r
  ON r.conversation_id = wanted.conversation_id AND r.message_id = wanted.message_id
GROUP BY r.conversation_id, r.message_id, r.emoji_key
ORDER BY count(*) DESC, r.emoji_key
