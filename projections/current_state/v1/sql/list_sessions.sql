-- Newest first.
SELECT s.document, s.created_position
FROM current_state_v1.sessions AS s
WHERE s.tenant_id = %(tenant_id)s
    AND (%(status)s::text IS NULL OR s.status = %(status)s)
    AND (%(user_id)s::text IS NULL OR s.user_id = %(user_id)s)
    AND (%(after)s::bigint IS NULL OR s.created_position < %(after)s)
ORDER BY s.created_position DESC
LIMIT %(limit)s
