-- Heavy documents are left out, and read some at a time (heavy_tasks.sql).
SELECT t.tenant_id, t.stream_id, t.created_position,
    CASE WHEN octet_length(t.document) <= 16384 THEN t.document END AS document, octet_length(t.document) AS size
FROM unnest(%(tenant_ids)s::integer[], %(ids)s::uuid[]) AS wanted (tenant_id, stream_id)
JOIN current_state_v1.tasks AS t USING (tenant_id, stream_id)
