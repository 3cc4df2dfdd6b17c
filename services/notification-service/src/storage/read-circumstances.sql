-- One row per notice, in order: $1 recipients, $2 actors, $3 the recipients' contact entries of the
-- actors, $4 the recipients' sides of the conversations, $5 the conversations, $6 kinds. Each part is
-- looked up by its key (LIMIT keeps it so), however many notices and whatever the statistics say.
SELECT
  recipient.status AS recipient_status,
  actor.status AS actor_status,
  actor.name AS actor_name,
  conversation.name AS conversation_name,
  mute.is_muted IS NOT NULL AS is_muted,
  block.is_blocked IS NOT NULL AS is_blocked,
  coalesce('off' IN (inbox.preferences ->> asked.kind, inbox.preferences ->> 'all'), false)
    AS is_unwanted
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
  WITH ORDINALITY
  AS asked (recipient_id, actor_id, contact_id, participant_id, conversation_id, kind, place)
LEFT JOIN LATERAL (
  SELECT status FROM user_view WHERE user_id = asked.recipient_id LIMIT 1
) AS recipient ON true
LEFT JOIN LATERAL (
  SELECT status, coalesce(nullif(display_name, ''), nullif(username, '')) AS name
  FROM user_view WHERE user_id = asked.actor_id LIMIT 1
) AS actor ON true
LEFT JOIN LATERAL (
  SELECT name FROM conversation_view WHERE conversation_id = asked.conversation_id LIMIT 1
) AS conversation ON true
LEFT JOIN LATERAL (
  SELECT true AS is_muted FROM mute_view WHERE participant_id = asked.participant_id LIMIT 1
) AS mute ON true
LEFT JOIN LATERAL (
  SELECT true AS is_blocked FROM block_view WHERE contact_id = asked.contact_id LIMIT 1
) AS block ON true
LEFT JOIN LATERAL (
  SELECT preferences FROM inbox_view WHERE user_id = asked.recipient_id LIMIT 1
) AS inbox ON true
ORDER BY asked.place
