-- Newest first. What is created while someone turns pages is not on later ones, and nothing is there twice.
-- Of the data so many bytes; the first one's always.
SELECT page.context_id, page.created_position, page.position, page.version, page.namespace, page.key, page.created_at,
    page.updated_at, page.expires_at, page.access_count, page.last_accessed_at, page.attributes,
    CASE
        WHEN %(with_data)s AND sum(octet_length(page.data)) OVER so_far - octet_length(page.data) < %(bytes)s THEN page.data
    END AS data
FROM (
    SELECT *
    FROM current_state_v1.contexts AS c
    WHERE
        c.tenant_id = %(tenant_id)s
        AND (c.expires_at IS NULL OR c.expires_at > %(now)s)
        AND (%(namespace)s::text IS NULL OR c.namespace = %(namespace)s)
        AND (%(session_id)s::text IS NULL OR c.session_id = %(session_id)s)
        AND (%(agent_id)s::text IS NULL OR c.agent_id = %(agent_id)s)
        AND (%(user_id)s::text IS NULL OR c.user_id = %(user_id)s)
        AND (%(type)s::text IS NULL OR c.type = %(type)s)
        AND (%(environment)s::text IS NULL OR c.environment = %(environment)s)
        AND (%(key_prefix)s::text IS NULL OR starts_with(c.key, %(key_prefix)s))
        AND (%(tags)s::text[] IS NULL OR c.tags @> %(tags)s::text[])
        AND (%(features)s::text[] IS NULL OR c.features @> %(features)s::text[])
        AND (%(min_priority)s::integer IS NULL OR c.priority >= %(min_priority)s)
        AND (%(min_importance)s::float8 IS NULL OR c.importance >= %(min_importance)s)
        AND (%(created_from)s::timestamptz IS NULL OR c.created_at >= %(created_from)s)
        AND (%(created_to)s::timestamptz IS NULL OR c.created_at < %(created_to)s)
        AND (%(updated_from)s::timestamptz IS NULL OR c.updated_at >= %(updated_from)s)
        AND (%(updated_to)s::timestamptz IS NULL OR c.updated_at < %(updated_to)s)
        AND (%(after)s::bigint IS NULL OR c.created_position < %(after)s)
    ORDER BY c.created_position DESC
    LIMIT %(limit)s
) AS page
WINDOW so_far AS (ORDER BY created_position DESC ROWS UNBOUNDED PRECEDING)
ORDER BY created_position DESC
