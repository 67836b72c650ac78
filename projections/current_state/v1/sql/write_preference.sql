INSERT INTO current_state_v1.preferences (
    tenant_id, stream_id, type, key, created_position, user_id, explicit, confidence, document
) VALUES (
    %(tenant_id)s, %(stream_id)s, %(type)s, %(key)s, %(created_position)s, %(user_id)s, %(explicit)s, %(confidence)s,
    %(document)s
)
ON CONFLICT (tenant_id, stream_id, type, key) DO UPDATE SET
    created_position = excluded.created_position, explicit = excluded.explicit, confidence = excluded.confidence,
    document = excluded.document
