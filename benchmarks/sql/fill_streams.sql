INSERT INTO contextline.streams (tenant_id, stream_no, stream_id, version, name)
SELECT 1, 1000000000 + n, ('00000000-0000-0000-0000-' || lpad(to_hex(n), 12, '0'))::uuid, %(a_stream)s::integer,
    'context/filled/conversation-' || n
FROM generate_series(
    %(first_stream)s::bigint + 1, %(first_stream)s::bigint + ceil(%(events)s::numeric / %(a_stream)s::integer)::bigint
) AS n
