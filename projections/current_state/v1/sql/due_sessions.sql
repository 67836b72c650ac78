-- Live sessions whose time has passed, those that expired first coming first.
SELECT s.session_id, s.last_active_at
FROM current_state_v1.sessions AS s
WHERE s.tenant_id = %(tenant_id)s AND s.status IN ('active', 'paused') AND s.expires_at <= %(by)s
ORDER BY s.expires_at, s.session_id
LIMIT %(limit)s
