-- Decisions made in the same context, then in similar ones. Looked at are the newest %(most)s of the same context, and of
-- each of the features `looked_for` the newest %(each)s; each row is looked up by its key (LATERAL), because a plan that
-- reads the whole table would do so for any number of decisions. Of the documents so many bytes; the first one's always.
WITH same AS (
    SELECT newest.stream_id, newest.created_position, 1.0::float8 AS similarity, true AS same_context
    FROM (
        SELECT d.stream_id, d.created_position, d.type, d.agent_id
        FROM current_state_v1.decisions AS d
        WHERE d.tenant_id = %(tenant_id)s AND d.context_hash = %(context_hash)s::text
        ORDER BY d.created_position DESC
        LIMIT %(most)s
    ) AS newest
    WHERE (%(type)s::text IS NULL OR newest.type = %(type)s)
        AND (%(agent_id)s::text IS NULL OR newest.agent_id = %(agent_id)s)
    ORDER BY newest.created_position DESC
    LIMIT %(limit)s
),
candidates AS (
    SELECT DISTINCT newest.stream_id
    FROM unnest(%(looked_for)s::text[]) AS wanted (feature)
    CROSS JOIN LATERAL (
        SELECT f.stream_id
        FROM current_state_v1.decision_features AS f
        WHERE f.tenant_id = %(tenant_id)s AND f.feature = wanted.feature
        ORDER BY f.created_position DESC
        LIMIT %(each)s
    ) AS newest
),
alike AS (
    SELECT d.stream_id, d.created_position, jaccard.similarity, false AS same_context
    FROM candidates
    CROSS JOIN LATERAL (
        SELECT one.stream_id, one.created_position, one.features, one.type, one.agent_id, one.context_hash
        FROM current_state_v1.decisions AS one
        WHERE one.tenant_id = %(tenant_id)s AND one.stream_id = candidates.stream_id
        LIMIT 1
    ) AS d
    CROSS JOIN LATERAL (
        SELECT count(*) AS shared FROM unnest(d.features) AS own (feature) WHERE own.feature = ANY (%(features)s::text[])
    ) AS overlap
    CROSS JOIN LATERAL (
        SELECT overlap.shared::float8 / (cardinality(d.features) + cardinality(%(features)s::text[]) - overlap.shared)
    ) AS jaccard (similarity)
    WHERE jaccard.similarity >= %(least)s
        AND (%(context_hash)s::text IS NULL OR d.context_hash IS DISTINCT FROM %(context_hash)s)
        AND (%(type)s::text IS NULL OR d.type = %(type)s)
        AND (%(agent_id)s::text IS NULL OR d.agent_id = %(agent_id)s)
    ORDER BY jaccard.similarity DESC, d.created_position DESC
    LIMIT %(limit)s
),
found AS (
    SELECT * FROM same
    UNION ALL
    SELECT * FROM alike
    ORDER BY same_context DESC, similarity DESC, created_position DESC
    LIMIT %(limit)s
)
SELECT stream_id, created_position,
    CASE WHEN sum(octet_length(document)) OVER so_far - octet_length(document) < %(bytes)s THEN document END,
    similarity, same_context
FROM found
CROSS JOIN LATERAL (
    SELECT one.document
    FROM current_state_v1.decisions AS one
    WHERE one.tenant_id = %(tenant_id)s AND one.stream_id = found.stream_id
    LIMIT 1
) AS whole
WINDOW so_far AS (ORDER BY same_context DESC, similarity DESC, created_position DESC ROWS UNBOUNDED PRECEDING)
ORDER BY same_context DESC, similarity DESC, created_position DESC
