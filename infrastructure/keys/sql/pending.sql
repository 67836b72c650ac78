SELECT tenant, stream_name, keys, subject, reason, actor FROM pending
WHERE :stream_name IS NULL OR (tenant = :tenant AND stream_name = :stream_name)
