SELECT d.tenant_id, d.stream_id, d.document
FROM unnest(%(tenant_ids)s::integer[], %(ids)s::uuid[]) AS wanted (tenant_id, stream_id)
JOIN current_state_v1.decisions AS d USING (tenant_id, stream_id)
