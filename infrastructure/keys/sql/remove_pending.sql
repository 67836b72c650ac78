DELETE FROM pending WHERE tenant = :tenant AND stream_name = :stream_name AND keys = :keys
