-- Oldest first. A directory has all that is below it. Of the documents so many bytes; the first one's always.
SELECT page.stream_id, page.created_position,
    CASE WHEN sum(octet_length(page.document)) OVER so_far - octet_length(page.document) < %(bytes)s THEN page.document END
FROM (
    SELECT *
    FROM current_state_v1.tasks AS t
    WHERE t.tenant_id = %(tenant_id)s
        AND (%(session_id)s::text IS NULL OR t.session_id = %(session_id)s)
        AND (%(status)s::text IS NULL OR t.status = %(status)s)
        AND (%(type)s::text IS NULL OR t.type = %(type)s)
        AND (%(parent_id)s::text IS NULL OR t.parent_id = %(parent_id)s)
        AND (%(project)s::text IS NULL OR t.project = %(project)s)
        AND (
            %(code_area)s::text IS NULL
            OR t.code_area = %(code_area)s
            -- What comes right after a slash is a zero.
            OR (t.code_area >= %(code_area)s || '/' AND t.code_area < %(code_area)s || '0')
        )
        AND (%(file)s::text IS NULL OR t.files @> ARRAY[%(file)s::text])
        AND (%(after)s::bigint IS NULL OR t.created_position > %(after)s)
    ORDER BY t.created_position
    LIMIT %(limit)s
) AS page
WINDOW so_far AS (ORDER BY created_position ROWS UNBOUNDED PRECEDING)
ORDER BY created_position
