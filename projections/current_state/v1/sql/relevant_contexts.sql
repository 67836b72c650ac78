-- Candidates: the contexts changed last and those read most, each of the two so many; of their data so many bytes.
WITH wanted AS MATERIALIZED (
    SELECT c.context_id, c.position, c.access_count
    FROM current_state_v1.contexts AS c
    WHERE c.tenant_id = %(tenant_id)s
        AND (%(session_id)s::text IS NULL OR c.session_id = %(session_id)s)
        AND (%(namespace)s::text IS NULL OR c.namespace = %(namespace)s)
        AND (%(type)s::text IS NULL OR c.type = %(type)s)
        AND (%(tags)s::text[] IS NULL OR c.tags @> %(tags)s::text[])
        AND (c.expires_at IS NULL OR c.expires_at > %(now)s)
), candidates AS (
    (SELECT w.context_id FROM wanted AS w ORDER BY w.position DESC LIMIT %(most)s)
    UNION
    (
        SELECT w.context_id FROM wanted AS w
        WHERE w.access_count > 0
        ORDER BY w.access_count DESC, w.position DESC LIMIT %(most)s
    )
)
SELECT page.context_id, page.created_position, page.position, page.version, page.namespace, page.key, page.created_at,
    page.updated_at, page.expires_at, page.access_count, page.last_accessed_at, page.attributes,
    CASE WHEN sum(octet_length(page.data)) OVER so_far - octet_length(page.data) < %(bytes)s THEN page.data END AS data
FROM candidates
JOIN current_state_v1.contexts AS page ON page.tenant_id = %(tenant_id)s AND page.context_id = candidates.context_id
WINDOW so_far AS (ORDER BY page.position DESC ROWS UNBOUNDED PRECEDING)
ORDER BY page.position DESC
