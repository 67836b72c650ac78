INSERT INTO contextline.events (position, recorded_at, stream_no, tenant_id, version, type_id, origin, payload)
SELECT %(before)s::bigint + n, %(recorded_at)s::timestamptz, stream_no, tenant_id, version, type_id, origin, payload
FROM unnest(
    %(stream_nos)s::bigint[], %(tenant_ids)s::integer[], %(versions)s::integer[], %(type_ids)s::smallint[],
    %(origins)s::bytea[], %(payloads)s::bytea[]
) WITH ORDINALITY AS new (stream_no, tenant_id, version, type_id, origin, payload, n)
