-- $1 user, $2 kinds or null, $3 and $4 stored_at and position of the last one before the page or
-- null,
-- $5 how many. Newest first; the cutoff comes along.
SELECT n.*, (SELECT read_all_up_to FROM inbox_view WHERE user_id = $1) AS read_all_up_to
FROM notification_view AS n
WHERE n.user_id = $1
  AND ($2::text[] IS NULL OR n.kind = ANY ($2))
  AND ($3::text IS NULL OR (n.stored_at, n.position) < ($3, $4))
ORDER BY n.stored_at DESC, n.position DESC
LIMIT $5
