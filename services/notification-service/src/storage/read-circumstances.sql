-- $1 recipient, $2 actor, $3 the recipient's contact entry of the actor, $4 the recipient's side of
-- the conversation, $5 the conversation, $6 kind. One row, whatever is known.
SELECT
  (SELECT status FROM user_view WHERE user_id = $1) AS recipient_status,
  actor.status AS actor_status,
  coalesce(nullif(actor.display_name, ''), nullif(actor.username, '')) AS actor_name,
  (SELECT name FROM conversation_view WHERE conversation_id = $5) AS conversation_name,
  EXISTS (SELECT FROM mute_view WHERE participant_id = $4) AS is_muted,
  EXISTS (SELECT FROM block_view WHERE contact_id = $3) AS is_blocked,
  EXISTS (SELECT FROM inbox_view
          WHERE user_id = $1 AND 'off' IN (preferences ->> $6::text, preferences ->> 'all')) AS is_unwanted
FROM (SELECT) AS always LEFT JOIN user_view AS actor ON actor.user_id = $2
