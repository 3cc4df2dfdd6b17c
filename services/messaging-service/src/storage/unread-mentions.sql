-- Within access: those of the unread messages of one conversation that mention user $1, at most 1,000
-- of a membership. The latest mention is no older than its message, so those up to the version of the
-- read mark need no look. ORDER BY and LIMIT keep the order of the joins: from the user's mentions, by
-- their index, to each one's message.
SELECT found.sequence
FROM unnest(access.lows, access.highs) AS span (low, high)
CROSS JOIN LATERAL (
  SELECT greatest(span.low, access.last_read_sequence) AS sequence
) AS mark
CROSS JOIN LATERAL (
  SELECT m.sequence
  FROM mention_view AS n
  CROSS JOIN LATERAL (
    SELECT m.sequence, m.sender_id, m.is_deleted, m.mentioned_user_ids FROM message_view AS m
    WHERE m.conversation_id = n.conversation_id AND m.message_id = n.message_id
    LIMIT 1
  ) AS m
  WHERE n.user_id = $1 AND n.conversation_id = access.conversation_id
    AND n.version > coalesce((
      SELECT m.version FROM message_view AS m
      WHERE m.conversation_id = access.conversation_id AND m.sequence <= mark.sequence
      ORDER BY m.sequence DESC LIMIT 1
    ), 0)
    AND m.sequence > mark.sequence AND m.sequence <= span.high
    AND m.sender_id <> $1 AND NOT m.is_deleted AND $1 = ANY (m.mentioned_user_ids)
  ORDER BY n.version
  LIMIT 1000
) AS found
