SELECT s.tenant_id, s.stream_id, s.version
FROM unnest($1::integer[], $2::uuid[]) AS wanted (tenant_id, stream_id)
JOIN contextline.streams AS s USING (tenant_id, stream_id)
