-- Heavy payloads are left out, and read by a statement that is bounded in bytes (heavy_payloads.sql).
SELECT e.position, e.recorded_at, e.tenant_id, s.stream_id, e.version, e.type_id, e.origin,
    CASE WHEN octet_length(e.payload) <= 16384 THEN e.payload END AS payload, s.name
FROM contextline.events AS e
JOIN contextline.streams AS s ON s.tenant_id = e.tenant_id AND s.stream_no = e.stream_no
WHERE e.position > %(after)s
ORDER BY e.position
LIMIT %(limit)s
