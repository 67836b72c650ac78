SELECT s.session_id
FROM current_state_v1.sessions AS s
WHERE s.tenant_id = %(tenant_id)s AND s.user_id = %(user_id)s
ORDER BY s.session_id
