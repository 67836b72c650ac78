SELECT s.tenant_id, s.stream_id, s.name
FROM unnest(%(tenant_ids)s, %(stream_ids)s) AS wanted (tenant_id, stream_id)
JOIN contextline.streams AS s USING (tenant_id, stream_id)
