SELECT p.tenant_id, p.stream_id, p.type, p.key, p.created_position, p.document
FROM unnest(%(tenant_ids)s::integer[], %(ids)s::uuid[], %(types)s::text[], %(keys)s::text[])
    AS wanted (tenant_id, stream_id, type, key)
JOIN current_state_v1.preferences AS p USING (tenant_id, stream_id, type, key)
