SELECT key_id, wrapped FROM keys
WHERE tenant = :tenant AND stream_name = :stream_name AND session_id = :session_id AND user_id = :user_id
