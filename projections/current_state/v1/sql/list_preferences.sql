-- Newest first, by when each was first observed or set. Their documents are small.
SELECT p.stream_id, p.created_position, p.document, p.user_id
FROM current_state_v1.preferences AS p
WHERE p.tenant_id = %(tenant_id)s
    AND (%(user_id)s::text IS NULL OR p.user_id = %(user_id)s)
    AND (%(type)s::text IS NULL OR p.type = %(type)s)
    AND (%(key)s::text IS NULL OR p.key = %(key)s)
    AND (%(explicit)s::boolean IS NULL OR p.explicit = %(explicit)s)
    AND (%(min_confidence)s::float8 IS NULL OR p.confidence >= %(min_confidence)s)
    AND (%(after)s::bigint IS NULL OR p.created_position < %(after)s)
ORDER BY p.created_position DESC
LIMIT %(limit)s
