-- As list-notifications.sql, but only what is unread: neither marked by itself nor covered by the
-- cutoff, below which the index is not read.
SELECT n.*, (SELECT read_all_up_to FROM inbox_view WHERE user_id = $1) AS read_all_up_to
FROM notification_view AS n
WHERE n.user_id = $1
  AND n.read_at IS NULL
  AND n.stored_at > coalesce((SELECT read_all_up_to FROM inbox_view WHERE user_id = $1), '')
  AND ($2::text[] IS NULL OR n.kind = ANY ($2))
  AND ($3::text IS NULL OR (n.stored_at, n.position) < ($3, $4))
ORDER BY n.stored_at DESC, n.position DESC
LIMIT $5
