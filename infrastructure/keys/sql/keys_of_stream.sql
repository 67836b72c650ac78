SELECT key_id FROM keys WHERE tenant = :tenant AND stream_name = :stream_name ORDER BY key_id
