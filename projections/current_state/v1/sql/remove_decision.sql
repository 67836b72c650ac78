WITH removed AS (
    DELETE FROM current_state_v1.decisions
    WHERE tenant_id = %(tenant_id)s AND stream_id = %(stream_id)s
    RETURNING tenant_id, created_position, features
)
DELETE FROM current_state_v1.decision_features AS f
USING removed
WHERE f.tenant_id = removed.tenant_id
    AND f.feature = ANY (removed.features)
    AND f.created_position = removed.created_position
