SELECT tenant, stream_name FROM keys WHERE key_id = :key_id AND wrapped IS NOT NULL
