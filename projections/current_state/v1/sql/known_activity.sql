-- The sessions that a batch has commands in: by the name that events give, and by their own streams.
SELECT s.tenant_id, s.stream_id, s.session_id, s.last_active_at, s.timeout
FROM unnest(%(named_tenant_ids)s::integer[], %(session_ids)s::text[]) AS named (tenant_id, session_id)
JOIN current_state_v1.sessions AS s USING (tenant_id, session_id)
UNION
SELECT s.tenant_id, s.stream_id, s.session_id, s.last_active_at, s.timeout
FROM unnest(%(own_tenant_ids)s::integer[], %(own_ids)s::uuid[]) AS own (tenant_id, stream_id)
JOIN current_state_v1.sessions AS s USING (tenant_id, stream_id)
