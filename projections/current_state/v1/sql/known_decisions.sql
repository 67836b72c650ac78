-- Heavy documents are left out, and read some at a time (heavy_decisions.sql).
SELECT d.tenant_id, d.stream_id, d.created_position,
    CASE WHEN octet_length(d.document) <= 16384 THEN d.document END AS document, octet_length(d.document) AS size
FROM unnest(%(tenant_ids)s::integer[], %(ids)s::uuid[]) AS wanted (tenant_id, stream_id)
JOIN current_state_v1.decisions AS d USING (tenant_id, stream_id)
