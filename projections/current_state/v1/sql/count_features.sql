-- How many decisions have each feature; counted up to a limit and no further.
SELECT wanted.feature, (
    SELECT count(*)
    FROM (
        SELECT
        FROM current_state_v1.decision_features AS f
        WHERE f.tenant_id = %(tenant_id)s AND f.feature = wanted.feature
        LIMIT %(limit)s
    ) AS counted
) AS found
FROM unnest(%(features)s::text[]) AS wanted (feature)
