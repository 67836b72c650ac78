UPDATE current_state_v1.sessions AS s
SET last_active_at = told.last, timeout = told.timeout, expires_at = told.expires_at
FROM unnest(
    %(tenant_ids)s::integer[], %(ids)s::uuid[], %(lasts)s::timestamptz[], %(timeouts)s::integer[],
    %(expiries)s::timestamptz[]
) AS told (tenant_id, stream_id, last, timeout, expires_at)
WHERE s.tenant_id = told.tenant_id AND s.stream_id = told.stream_id
