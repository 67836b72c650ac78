-- Newest first; without a status, those that were not deleted. A live one whose time has passed counts as expired.
-- Of the documents so many bytes; the first one's always.
SELECT page.stream_id, page.created_position,
    CASE WHEN sum(octet_length(page.document)) OVER so_far - octet_length(page.document) < %(bytes)s THEN page.document END,
    page.last_active_at
FROM (
    SELECT *
    FROM current_state_v1.sessions AS s
    WHERE s.tenant_id = %(tenant_id)s
        AND (
            CASE WHEN s.status IN ('active', 'paused') AND s.expires_at <= %(now)s THEN 'expired' ELSE s.status END
                = %(status)s::text
            OR (%(status)s::text IS NULL AND s.status <> 'deleted')
        )
        AND (%(user_id)s::text IS NULL OR s.user_id = %(user_id)s)
        AND (%(after)s::bigint IS NULL OR s.created_position < %(after)s)
    ORDER BY s.created_position DESC
    LIMIT %(limit)s
) AS page
WINDOW so_far AS (ORDER BY created_position DESC ROWS UNBOUNDED PRECEDING)
ORDER BY created_position DESC
