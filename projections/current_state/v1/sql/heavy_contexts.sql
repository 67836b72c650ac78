SELECT c.tenant_id, c.context_id, c.data
FROM unnest(%(tenant_ids)s::integer[], %(ids)s::uuid[]) AS wanted (tenant_id, context_id)
JOIN current_state_v1.contexts AS c USING (tenant_id, context_id)
