-- $1 user, $2 kinds or null, $3 how far to count.
SELECT count(*)::integer AS unread
FROM (
  SELECT
  FROM notification_view
  WHERE user_id = $1
    AND read_at IS NULL
    AND stored_at > coalesce((SELECT read_all_up_to FROM inbox_view WHERE user_id = $1), '')
    AND ($2::text[] IS NULL OR kind = ANY ($2))
  LIMIT $3
) AS counted
