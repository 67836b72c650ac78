SELECT e.position, e.recorded_at, e.tenant_id, s.stream_id, e.version, e.type_id, e.origin, e.payload, s.name
FROM contextline.events AS e
JOIN contextline.streams AS s ON s.tenant_id = e.tenant_id AND s.stream_no = e.stream_no
WHERE e.position > %(after)s AND e.position <= %(up_to)s AND e.tenant_id = %(tenant_id)s
    AND (%(type_ids)s::smallint[] IS NULL OR e.type_id = ANY (%(type_ids)s::smallint[]))
ORDER BY e.position
LIMIT %(limit)s
