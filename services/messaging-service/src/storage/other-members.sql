-- Members of conversation $1 other than user $2, at most $3 of them, as of the last event that may
-- have made somebody one.
SELECT array(SELECT user_id FROM member_view
             WHERE conversation_id = $1 AND is_member AND user_id <> $2
             LIMIT $3) AS user_ids,
       coalesce((SELECT last_joined_version FROM roster_view WHERE conversation_id = $1), 0) AS as_of
