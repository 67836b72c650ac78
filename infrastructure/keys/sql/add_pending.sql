INSERT INTO pending (tenant, stream_name, keys, subject, reason, actor)
VALUES (:tenant, :stream_name, :keys, :subject, :reason, :actor)
ON CONFLICT (tenant, stream_name) DO UPDATE SET keys = excluded.keys
