-- Of some streams those in which conflicts were opened, be they still open or not.
SELECT s.stream_id
FROM contextline.streams AS s
WHERE s.tenant_id = %(tenant_id)s AND s.stream_id = ANY(%(streams)s::uuid[])
    AND EXISTS (
        SELECT FROM contextline.events AS e
        JOIN contextline.event_types AS t USING (type_id)
        WHERE e.tenant_id = s.tenant_id AND e.stream_no = s.stream_no AND t.name = 'conflict-opened'
    )
