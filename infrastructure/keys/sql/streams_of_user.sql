SELECT DISTINCT stream_name FROM keys WHERE tenant = :tenant AND user_id = :user_id AND user_id <> ''
