UPDATE contextline.streams AS s
SET version = raised.version
FROM unnest(%(tenant_ids)s::integer[], %(stream_nos)s::bigint[], %(versions)s::integer[])
    AS raised (tenant_id, stream_no, version)
WHERE s.tenant_id = raised.tenant_id AND s.stream_no = raised.stream_no
