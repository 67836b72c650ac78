SELECT s.tenant_id, s.document, s.created_position
FROM unnest(%(tenant_ids)s::integer[], %(stream_ids)s::uuid[]) AS wanted (tenant_id, stream_id)
JOIN current_state_v1.sessions AS s USING (tenant_id, stream_id)
