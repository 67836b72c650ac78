INSERT INTO keys (key_id) VALUES (:key_id)
ON CONFLICT (key_id) DO UPDATE
SET tenant = NULL, stream_name = NULL, session_id = NULL, user_id = NULL, wrapped = NULL, made_at = NULL
