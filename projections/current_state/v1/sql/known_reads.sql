-- How often contexts were read, and up to which position that is known: one statement, so that both are of one moment.
SELECT p.position, c.context_id, c.created_at, c.access_count, c.last_accessed_at
FROM contextline.projections AS p
LEFT JOIN current_state_v1.contexts AS c ON c.tenant_id = %(tenant_id)s AND c.context_id = ANY (%(context_ids)s::uuid[])
WHERE p.name = %(name)s AND p.version = %(version)s
