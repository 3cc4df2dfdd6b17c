-- The names of the sender of message m.
LEFT JOIN LATERAL (
  SELECT to_jsonb(u) AS names FROM user_view AS u WHERE u.user_id = m.sender_id LIMIT 1
) AS sender ON true
