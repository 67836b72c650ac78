SELECT c.tenant_id, c.context_id, c.created_position, c.position, c.version, c.namespace, c.key,
    c.created_at, c.updated_at, c.expires_at, c.attributes, c.data
FROM unnest(%(tenant_ids)s::integer[], %(context_ids)s::uuid[]) AS wanted (tenant_id, context_id)
JOIN current_state_v1.contexts AS c USING (tenant_id, context_id)
