-- The conversations $2 as user $1 sees them, with what is unread counted to 1,000 in each.
WITH access AS MATERIALIZED ({access})
SELECT access.*,
       peer.username AS peer_username, peer.display_name AS peer_display_name,
       peer.avatar_url AS peer_avatar_url,
       present.members, latest.message, unread.count AS unread, mentioned.count AS mentioned
FROM access
LEFT JOIN LATERAL (
  SELECT * FROM user_view AS u WHERE u.user_id = access.peer_id LIMIT 1
) AS peer ON true
CROSS JOIN LATERAL (
  SELECT count(*) AS members FROM member_view AS m
  WHERE m.conversation_id = access.conversation_id AND m.is_member
) AS present
LEFT JOIN LATERAL (
  SELECT to_jsonb(m) || jsonb_build_object('sender', sender.names) AS message
  FROM (
    SELECT m.*
    FROM unnest(access.lows, access.highs) AS span (low, high)
    CROSS JOIN LATERAL (
      SELECT * FROM message_view AS m
      WHERE m.conversation_id = access.conversation_id
        AND m.sequence > span.low AND m.sequence <= span.high AND NOT m.is_deleted
      ORDER BY m.sequence DESC LIMIT 1
    ) AS m
    ORDER BY m.sequence DESC LIMIT 1
  ) AS m
  {sender_names}
) AS latest ON true
CROSS JOIN LATERAL (
  SELECT count(*) FROM (SELECT 1 FROM ({unread_messages}) AS one LIMIT 1000) AS counted
) AS unread
CROSS JOIN LATERAL (
  SELECT count(*) FROM (SELECT 1 FROM ({unread_mentions}) AS one LIMIT 1000) AS counted
) AS mentioned
