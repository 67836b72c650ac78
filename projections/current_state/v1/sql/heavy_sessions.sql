SELECT s.tenant_id, s.stream_id, s.document
FROM unnest(%(tenant_ids)s::integer[], %(ids)s::uuid[]) AS wanted (tenant_id, stream_id)
JOIN current_state_v1.sessions AS s USING (tenant_id, stream_id)
