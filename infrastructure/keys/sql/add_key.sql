INSERT INTO keys (key_id, tenant, stream_name, session_id, user_id, wrapped, made_at)
VALUES (:key_id, :tenant, :stream_name, :session_id, :user_id, :wrapped, :made_at)
