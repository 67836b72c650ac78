-- Heavy documents are left out, and read some at a time (heavy_sessions.sql).
SELECT s.tenant_id, s.stream_id, s.created_position,
    CASE WHEN octet_length(s.document) <= 16384 THEN s.document END AS document, octet_length(s.document) AS size
FROM unnest(%(tenant_ids)s::integer[], %(ids)s::uuid[]) AS wanted (tenant_id, stream_id)
JOIN current_state_v1.sessions AS s USING (tenant_id, stream_id)
