SELECT m.stream_id, s.name
FROM policies_v1.members AS m
JOIN contextline.streams AS s USING (tenant_id, stream_id)
WHERE m.tenant_id = %(tenant_id)s AND m.owner = %(owner)s AND m.to_position IS NULL AND m.stream_id > %(after)s
ORDER BY m.stream_id
LIMIT %(limit)s
