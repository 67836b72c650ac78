-- Heavy payloads are left out, and read by a statement that is bounded in bytes (heavy_payloads.sql).
SELECT e.position, e.recorded_at, e.tenant_id, s.stream_id, e.version, e.type_id, e.origin,
    CASE WHEN octet_length(e.payload) <= 16384 THEN e.payload END AS payload, s.name
FROM contextline.streams AS s
JOIN contextline.events AS e ON e.tenant_id = s.tenant_id AND e.stream_no = s.stream_no
WHERE s.tenant_id = %(tenant_id)s AND s.stream_id = %(stream_id)s
    AND e.version > %(after)s AND e.version <= %(up_to)s
ORDER BY e.version DESC
LIMIT %(limit)s
