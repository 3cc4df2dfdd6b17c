-- What user $1 is in the conversations $2, one row for each that the user belongs or belonged to.
-- lows and highs: the messages that the user may read have a sequence above a low and up to its high.
SELECT c.conversation_id, c.kind, c.creator_id, c.name, c.avatar_url, c.is_closed, c.created_at,
       c.last_sequence, c.last_activity_at,
       peer.user_id AS peer_id,
       m.role,
       m.is_member OR belongs.is_met AS is_member,
       coalesce(p.last_read_sequence, 0) AS last_read_sequence,
       coalesce(p.is_pinned, false) AS is_pinned,
       coalesce(p.is_muted, false) AS is_muted,
       coalesce(p.is_hidden, false) AS is_hidden,
       coalesce(p.is_starred, false) AS is_starred,
       span.lows, span.highs
FROM member_view AS m
JOIN conversation_view AS c ON c.conversation_id = m.conversation_id
LEFT JOIN participant_view AS p ON p.user_id = m.user_id AND p.conversation_id = m.conversation_id
CROSS JOIN LATERAL (
  SELECT c.kind IS NULL AND cardinality(m.windows) = 0 AS is_met
) AS belongs
CROSS JOIN LATERAL (
  SELECT CASE WHEN belongs.is_met THEN ARRAY[m.met_version - 1] ELSE m.windows END AS versions
) AS membership
-- Versions of the conversation become sequences: those of the last messages before them.
CROSS JOIN LATERAL (
  SELECT array_agg(greatest(coalesce(joined.sequence, 0), coalesce(p.cleared_sequence, 0)) ORDER BY at)
           AS lows,
         array_agg(CASE WHEN versions[2 * at] IS NULL THEN 9223372036854775807
                        ELSE coalesce(departed.sequence, 0) END ORDER BY at) AS highs
  FROM generate_series(1, (cardinality(versions) + 1) / 2) AS at
  LEFT JOIN LATERAL (
    SELECT before.sequence FROM message_view AS before
    WHERE before.conversation_id = m.conversation_id
      AND before.version <= versions[2 * at - 1] AND versions[2 * at - 1] > 0
    ORDER BY before.version DESC LIMIT 1
  ) AS joined ON true
  LEFT JOIN LATERAL (
    SELECT before.sequence FROM message_view AS before
    WHERE before.conversation_id = m.conversation_id AND before.version < versions[2 * at]
    ORDER BY before.version DESC LIMIT 1
  ) AS departed ON true
) AS span
LEFT JOIN LATERAL (
  SELECT side AS user_id FROM unnest(c.peer_ids) AS side WHERE side <> $1 LIMIT 1
) AS peer ON true
WHERE m.user_id = $1 AND m.conversation_id = ANY ($2::text[])
  AND (belongs.is_met OR cardinality(m.windows) > 0)
