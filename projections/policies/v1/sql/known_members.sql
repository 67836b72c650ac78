SELECT m.tenant_id, m.stream_id, m.owner, m.from_position
FROM unnest(%(tenant_ids)s, %(stream_ids)s) AS wanted (tenant_id, stream_id)
JOIN policies_v1.members AS m USING (tenant_id, stream_id)
WHERE m.to_position IS NULL
