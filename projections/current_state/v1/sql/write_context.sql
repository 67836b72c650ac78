INSERT INTO current_state_v1.contexts AS c (
    tenant_id, context_id, created_position, position, version, namespace, key, session_id, agent_id, user_id, type,
    tags, features, environment, priority, importance, created_at, updated_at, expires_at, attributes, data
) VALUES (
    %(tenant_id)s, %(context_id)s, %(created_position)s, %(position)s, %(version)s, %(namespace)s, %(key)s,
    %(session_id)s, %(agent_id)s, %(user_id)s, %(type)s, %(tags)s::text[], %(features)s::text[], %(environment)s,
    %(priority)s, %(importance)s, %(created_at)s, %(updated_at)s, %(expires_at)s, %(attributes)s, %(data)s
)
ON CONFLICT (tenant_id, context_id) DO UPDATE SET
    created_position = excluded.created_position, position = excluded.position, version = excluded.version,
    session_id = excluded.session_id, agent_id = excluded.agent_id, user_id = excluded.user_id, type = excluded.type,
    tags = excluded.tags, features = excluded.features, environment = excluded.environment,
    priority = excluded.priority, importance = excluded.importance, created_at = excluded.created_at,
    updated_at = excluded.updated_at, expires_at = excluded.expires_at, attributes = excluded.attributes,
    data = excluded.data,
    -- Where it was created anew, its reads begin anew.
    access_count = CASE WHEN c.created_position = excluded.created_position THEN c.access_count ELSE 0 END,
    last_accessed_at = CASE WHEN c.created_position = excluded.created_position THEN c.last_accessed_at END
