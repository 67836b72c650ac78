-- Heavy data are left out, and read some at a time (heavy_contexts.sql).
SELECT c.tenant_id, c.context_id, c.created_position, c.position, c.version, c.namespace, c.key,
    c.created_at, c.updated_at, c.expires_at, c.attributes,
    CASE WHEN octet_length(c.data) <= 16384 THEN c.data END AS data, octet_length(c.data) AS size
FROM unnest(%(tenant_ids)s::integer[], %(ids)s::uuid[]) AS wanted (tenant_id, context_id)
JOIN current_state_v1.contexts AS c USING (tenant_id, context_id)
