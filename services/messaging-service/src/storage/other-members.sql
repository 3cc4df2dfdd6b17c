-- Whether anybody but user $2 is a member of conversation $1, as of the last event that may have
-- made somebody one.
SELECT EXISTS (
         SELECT 1 FROM member_view
         WHERE conversation_id = $1 AND is_member AND user_id <> $2) AS present,
       coalesce((SELECT last_joined_version FROM roster_view WHERE conversation_id = $1), 0) AS as_of
