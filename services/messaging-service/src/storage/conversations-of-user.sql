-- A page of the conversations of user $1 after the place ($3, $4, $5); $2 = hidden ones too.
SELECT c.conversation_id, coalesce(p.is_pinned, false) AS is_pinned, c.last_activity_at
FROM member_view AS m
JOIN conversation_view AS c ON c.conversation_id = m.conversation_id
LEFT JOIN participant_view AS p ON p.user_id = m.user_id AND p.conversation_id = m.conversation_id
WHERE m.user_id = $1
  AND NOT c.is_closed
  AND (m.is_member OR (c.kind IS NULL AND cardinality(m.windows) = 0))
  AND ($2 OR NOT coalesce(p.is_hidden, false))
  AND ($3::boolean IS NULL
       OR (coalesce(p.is_pinned, false), c.last_activity_at, c.conversation_id) < ($3, $4, $5))
ORDER BY 2 DESC, 3 DESC, 1 DESC
LIMIT $6
