-- Newest first. Of the documents so many bytes; the first one's always.
SELECT page.stream_id, page.created_position,
    CASE WHEN sum(octet_length(page.document)) OVER so_far - octet_length(page.document) < %(bytes)s THEN page.document END
FROM (
    SELECT *
    FROM current_state_v1.decisions AS d
    WHERE d.tenant_id = %(tenant_id)s
        AND (%(session_id)s::text IS NULL OR d.session_id = %(session_id)s)
        AND (%(task_id)s::text IS NULL OR d.task_id = %(task_id)s)
        AND (%(agent_id)s::text IS NULL OR d.agent_id = %(agent_id)s)
        AND (%(user_id)s::text IS NULL OR d.user_id = %(user_id)s)
        AND (%(type)s::text IS NULL OR d.type = %(type)s)
        AND (%(outcome)s::text IS NULL OR d.outcome = %(outcome)s)
        AND (%(autonomous)s::boolean IS NULL OR d.autonomous = %(autonomous)s)
        AND (%(context_hash)s::text IS NULL OR d.context_hash = %(context_hash)s)
        AND (%(created_from)s::timestamptz IS NULL OR d.created_at >= %(created_from)s)
        AND (%(created_to)s::timestamptz IS NULL OR d.created_at < %(created_to)s)
        AND (%(after)s::bigint IS NULL OR d.created_position < %(after)s)
    ORDER BY d.created_position DESC
    LIMIT %(limit)s
) AS page
WINDOW so_far AS (ORDER BY created_position DESC ROWS UNBOUNDED PRECEDING)
ORDER BY created_position DESC
