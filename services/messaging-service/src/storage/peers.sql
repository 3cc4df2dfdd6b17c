-- Both sides of conversation $1, if it is direct and known.
SELECT peer_ids FROM conversation_view WHERE conversation_id = $1
