-- What belonged to it after the event at a position.
SELECT m.stream_id, s.name
FROM policies_v1.members AS m
JOIN contextline.streams AS s USING (tenant_id, stream_id)
WHERE m.tenant_id = %(tenant_id)s AND m.owner = %(owner)s AND m.stream_id > %(after)s
    AND m.from_position <= %(position)s AND (m.to_position IS NULL OR m.to_position > %(position)s)
ORDER BY m.stream_id
LIMIT %(limit)s
