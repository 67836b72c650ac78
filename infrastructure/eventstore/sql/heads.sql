SELECT s.tenant_id, s.stream_id, s.stream_no, s.version
FROM unnest(%(tenant_ids)s::integer[], %(stream_ids)s::uuid[]) AS wanted (tenant_id, stream_id)
JOIN contextline.streams AS s USING (tenant_id, stream_id)
