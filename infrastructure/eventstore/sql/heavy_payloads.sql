-- In the order asked for, up to so many bytes; the first one always.
SELECT position, payload
FROM (
    SELECT e.position, e.payload, sum(octet_length(e.payload)) OVER (ORDER BY wanted.n) - octet_length(e.payload) AS before
    FROM unnest(%(positions)s::bigint[]) WITH ORDINALITY AS wanted (position, n)
    JOIN contextline.events AS e USING (position)
) AS heavy
WHERE before < %(bytes)s
