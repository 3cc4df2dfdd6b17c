-- $1 user.
SELECT stored_at
FROM notification_view
WHERE user_id = $1
  AND read_at IS NULL
  AND stored_at > coalesce((SELECT read_all_up_to FROM inbox_view WHERE user_id = $1), '')
ORDER BY stored_at DESC
LIMIT 1
