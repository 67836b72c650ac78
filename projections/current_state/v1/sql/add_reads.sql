-- Adds reads to the rows of the contexts that were read. Who reads names the life that was read by its creation; no one
-- has those of a row that is gone or was created anew since. A row that was created after a record was not meant by it.
UPDATE current_state_v1.contexts AS c
SET access_count = c.access_count + added.reads, last_accessed_at = greatest(c.last_accessed_at, added.last)
FROM (
    SELECT told.tenant_id, told.context_id, sum(told.reads)::bigint AS reads, max(told.last) AS last
    FROM unnest(
        %(tenant_ids)s::integer[], %(context_ids)s::uuid[], %(created_ats)s::timestamptz[], %(positions)s::bigint[],
        %(reads)s::bigint[], %(lasts)s::timestamptz[]
    ) AS told (tenant_id, context_id, created_at, position, reads, last)
    JOIN current_state_v1.contexts AS live USING (tenant_id, context_id)
    WHERE live.created_at = told.created_at AND live.created_position < told.position
    GROUP BY told.tenant_id, told.context_id
) AS added
WHERE c.tenant_id = added.tenant_id AND c.context_id = added.context_id
