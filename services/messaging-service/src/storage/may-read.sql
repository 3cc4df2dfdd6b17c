-- Whether user $1 belongs or belonged to conversation $2; see access.sql.
SELECT 1
FROM member_view AS m
JOIN conversation_view AS c ON c.conversation_id = m.conversation_id
WHERE m.user_id = $1 AND m.conversation_id = $2
  AND (c.kind IS NULL OR cardinality(m.windows) > 0)
