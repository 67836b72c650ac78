-- The same function, with less to do for a batch: a short way for one event in each of some streams that exist, and an
-- answer that is a row and not a query. What that brought is told in docs/decisions/0013.

CREATE OR REPLACE FUNCTION contextline.append(
    writer      uuid,
    writer_epoch integer,
    batch_no    bigint,
    written_at  timestamptz,
    -- Streams that exist: the version that each must have, and the one that it gets.
    tenant_ids  integer[],
    stream_ids  uuid[],
    expected    integer[],
    versions    integer[],
    -- Streams that don't.
    new_tenant_ids integer[],
    new_stream_ids uuid[],
    new_versions   integer[],
    new_names      text[],
    -- The events in order; `stream_indexes` counts the streams from 1, those that exist before the new ones. Empty, and
    -- `event_versions` too, where no stream is new and each has one event.
    stream_indexes integer[],
    event_versions integer[],
    type_ids       smallint[],
    origins        bytea[],
    payloads       bytea[],
    -- Positions in other logs.
    tracking_tenant_ids integer[],
    tracking_names      text[],
    tracking_positions  bigint[]
) RETURNS TABLE (first_position bigint, written timestamptz)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    end_position bigint;
    end_time     timestamptz;
    numbers      bigint[];
    tenants      integer[] := tenant_ids || new_tenant_ids;
    new_numbers  bigint[];
    touched      bigint;
BEGIN
    -- Appends take turns. Held to the end of the transaction, after it has become visible, so that positions rise in
    -- commit order and a reader that has seen one never finds a new event below it. The key spells "ctxline".
    PERFORM pg_advisory_xact_lock(28003034857104997);

    SELECT e.position, e.recorded_at INTO end_position, end_time
    FROM contextline.events AS e ORDER BY e.position DESC LIMIT 1;
    end_position := coalesce(end_position, 0);
    -- Recorded time never falls, whichever process's clock is behind.
    end_time := greatest(written_at, end_time);

    IF cardinality(stream_indexes) = 0 AND cardinality(payloads) > 0 THEN
        -- What agents at work send most: one statement for all.
        WITH raised AS (
            UPDATE contextline.streams AS s
            SET version = given.raised_to
            FROM unnest(tenant_ids, stream_ids, expected, versions, type_ids, origins, payloads) WITH ORDINALITY
                AS given (tenant_id, stream_id, must_be, raised_to, type_id, origin, payload, n)
            WHERE s.tenant_id = given.tenant_id AND s.stream_id = given.stream_id AND s.version = given.must_be
            RETURNING given.n, s.stream_no, s.tenant_id, s.version, given.type_id, given.origin, given.payload
        )
        INSERT INTO contextline.events (position, recorded_at, stream_no, tenant_id, version, type_id, origin, payload)
        SELECT end_position + raised.n, end_time, raised.stream_no, raised.tenant_id, raised.version,
            raised.type_id, raised.origin, raised.payload
        FROM raised;
        GET DIAGNOSTICS touched = ROW_COUNT;
        IF touched <> cardinality(stream_ids) THEN
            RAISE EXCEPTION 'a stream is not at the version that was expected' USING ERRCODE = 'CL001';
        END IF;
    ELSE
        IF cardinality(stream_ids) > 0 THEN
            WITH raised AS (
                UPDATE contextline.streams AS s
                SET version = given.raised_to
                FROM unnest(tenant_ids, stream_ids, expected, versions) WITH ORDINALITY
                    AS given (tenant_id, stream_id, must_be, raised_to, n)
                WHERE s.tenant_id = given.tenant_id AND s.stream_id = given.stream_id AND s.version = given.must_be
                RETURNING s.stream_no, given.n
            )
            SELECT array_agg(raised.stream_no ORDER BY raised.n), count(*) INTO numbers, touched FROM raised;
            IF touched <> cardinality(stream_ids) THEN
                RAISE EXCEPTION 'a stream is not at the version that was expected' USING ERRCODE = 'CL001';
            END IF;
        END IF;

        IF cardinality(new_stream_ids) > 0 THEN
            WITH made AS (
                INSERT INTO contextline.streams AS s (tenant_id, stream_id, version, name)
                SELECT given.tenant_id, given.stream_id, given.version, given.name
                FROM unnest(new_tenant_ids, new_stream_ids, new_versions, new_names)
                    AS given (tenant_id, stream_id, version, name)
                ON CONFLICT (tenant_id, stream_id) DO NOTHING
                RETURNING s.tenant_id, s.stream_id, s.stream_no
            )
            SELECT array_agg(made.stream_no ORDER BY given.n), count(made.stream_no) INTO new_numbers, touched
            FROM unnest(new_tenant_ids, new_stream_ids) WITH ORDINALITY AS given (tenant_id, stream_id, n)
            JOIN made ON made.tenant_id = given.tenant_id AND made.stream_id = given.stream_id;
            IF touched <> cardinality(new_stream_ids) THEN
                RAISE EXCEPTION 'a stream exists already' USING ERRCODE = 'CL001';
            END IF;
            numbers := numbers || new_numbers;
        END IF;

        INSERT INTO contextline.events (position, recorded_at, stream_no, tenant_id, version, type_id, origin, payload)
        SELECT end_position + given.n, end_time, numbers[given.stream], tenants[given.stream],
            given.version, given.type_id, given.origin, given.payload
        FROM unnest(stream_indexes, event_versions, type_ids, origins, payloads) WITH ORDINALITY
            AS given (stream, version, type_id, origin, payload, n);
    END IF;

    IF cardinality(tracking_names) > 0 THEN
        INSERT INTO contextline.recorder_tracking AS t (tenant_id, application_name, notification_id)
        SELECT * FROM unnest(tracking_tenant_ids, tracking_names, tracking_positions)
        ON CONFLICT (tenant_id, application_name) DO UPDATE SET notification_id = excluded.notification_id
        WHERE t.notification_id < excluded.notification_id;
        GET DIAGNOSTICS touched = ROW_COUNT;
        IF touched <> cardinality(tracking_names) THEN
            RAISE EXCEPTION 'a position was tracked already' USING ERRCODE = 'CL001';
        END IF;
    END IF;

    UPDATE contextline.writers AS w
    SET batch = batch_no, before = end_position, recorded_at = end_time,
        earlier_batch = w.batch, earlier_before = w.before, earlier_recorded_at = w.recorded_at
    WHERE w.writer_id = writer AND w.epoch = writer_epoch;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'another connection writes for this writer now' USING ERRCODE = 'CL002';
    END IF;

    PERFORM pg_notify('contextline_log', (end_position + cardinality(payloads))::text);
    first_position := end_position + 1;
    written := end_time;
    RETURN NEXT;
END $$;
