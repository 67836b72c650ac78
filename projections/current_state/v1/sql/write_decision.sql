-- What a decision was made on never changes; what came of it does.
WITH written AS (
    INSERT INTO current_state_v1.decisions (
        tenant_id, stream_id, decision_id, created_position, session_id, task_id, agent_id, user_id, type, context_hash,
        features, outcome, autonomous, created_at, document
    ) VALUES (
        %(tenant_id)s, %(stream_id)s, %(decision_id)s, %(created_position)s, %(session_id)s, %(task_id)s, %(agent_id)s,
        %(user_id)s, %(type)s, %(context_hash)s, %(features)s::text[], %(outcome)s, %(autonomous)s, %(created_at)s,
        %(document)s
    )
    ON CONFLICT (tenant_id, stream_id) DO UPDATE SET outcome = excluded.outcome, document = excluded.document
    RETURNING tenant_id, stream_id, created_position, features
)
INSERT INTO current_state_v1.decision_features (tenant_id, feature, created_position, stream_id)
SELECT written.tenant_id, feature, written.created_position, written.stream_id
FROM written, unnest(written.features) AS feature
ON CONFLICT DO NOTHING
