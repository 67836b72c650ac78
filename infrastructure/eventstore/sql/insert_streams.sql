INSERT INTO contextline.streams (tenant_id, stream_no, stream_id, version, name)
SELECT * FROM unnest(
    %(tenant_ids)s::integer[], %(stream_nos)s::bigint[], %(stream_ids)s::uuid[], %(versions)s::integer[], %(names)s::text[]
)
