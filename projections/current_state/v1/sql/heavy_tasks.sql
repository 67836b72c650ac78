SELECT t.tenant_id, t.stream_id, t.document
FROM unnest(%(tenant_ids)s::integer[], %(ids)s::uuid[]) AS wanted (tenant_id, stream_id)
JOIN current_state_v1.tasks AS t USING (tenant_id, stream_id)
