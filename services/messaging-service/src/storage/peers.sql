-- Both sides of conversation $1, nobody where it is a group; no row where nobody has created it yet.
SELECT peer_ids FROM conversation_view WHERE conversation_id = $1 AND kind IS NOT NULL
