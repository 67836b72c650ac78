-- Neighbours in the log belong to different streams, as with many agents at work; payloads of 200 to 330 bytes that
-- don't compress.
INSERT INTO contextline.events (position, recorded_at, stream_no, tenant_id, version, type_id, origin, payload)
SELECT %(position)s::bigint + 1 + n, %(now)s::timestamptz,
    1000000000 + %(first_stream)s::bigint + 1 + n %% streams.count, 1, 1 + n / streams.count, 1,
    decode(md5(n::text), 'hex') || '\x00112233445566778899'::bytea,
    decode(repeat(md5(n::text), 12 + (n %% 9)::integer), 'hex')
FROM (SELECT ceil(%(events)s::numeric / %(a_stream)s::integer)::bigint AS count) AS streams,
    generate_series(0, %(events)s::bigint - 1) AS n
