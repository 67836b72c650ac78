SELECT DISTINCT stream_name FROM keys WHERE tenant = :tenant AND session_id = :session_id AND session_id <> ''
