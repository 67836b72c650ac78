SELECT s.last_active_at
FROM current_state_v1.sessions AS s
WHERE s.tenant_id = %(tenant_id)s AND s.session_id = %(session_id)s
