INSERT INTO current_state_v1.sessions (
    tenant_id, stream_id, session_id, created_position, status, user_id, created_at, document
) VALUES (
    %(tenant_id)s, %(stream_id)s, %(session_id)s, %(created_position)s, %(status)s, %(user_id)s, %(created_at)s,
    %(document)s
)
ON CONFLICT (tenant_id, stream_id) DO UPDATE SET
    status = excluded.status, user_id = excluded.user_id, document = excluded.document
