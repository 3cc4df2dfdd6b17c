-- One row per notice, in order: $1 recipients, $2 actors, $3 the recipients' contact entries of the
-- actors, $4 the recipients' sides of the conversations, $5 the conversations, $6 kinds.
SELECT
  recipient.status AS recipient_status,
  actor.status AS actor_status,
  coalesce(nullif(actor.display_name, ''), nullif(actor.username, '')) AS actor_name,
  conversation.name AS conversation_name,
  mute.participant_id IS NOT NULL AS is_muted,
  block.contact_id IS NOT NULL AS is_blocked,
  coalesce('off' IN (inbox.preferences ->> asked.kind, inbox.preferences ->> 'all'), false)
    AS is_unwanted
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
  WITH ORDINALITY
  AS asked (recipient_id, actor_id, contact_id, participant_id, conversation_id, kind, place)
LEFT JOIN user_view AS recipient ON recipient.user_id = asked.recipient_id
LEFT JOIN user_view AS actor ON actor.user_id = asked.actor_id
LEFT JOIN conversation_view AS conversation ON conversation.conversation_id = asked.conversation_id
LEFT JOIN mute_view AS mute ON mute.participant_id = asked.participant_id
LEFT JOIN block_view AS block ON block.contact_id = asked.contact_id
LEFT JOIN inbox_view AS inbox ON inbox.user_id = asked.recipient_id
ORDER BY asked.place
