-- The log: what happened (events), the heads of its streams, and the names that rows refer to by number.

CREATE TABLE contextline.tenants (
    tenant_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name      text NOT NULL UNIQUE
);

INSERT INTO contextline.tenants (name) VALUES ('default');

-- Event names are stored once; rows carry a number.
CREATE TABLE contextline.event_types (
    type_id smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name    text NOT NULL UNIQUE
);

-- Processes draw numbers in blocks of 64, so that naming a new stream costs no round trip.
CREATE SEQUENCE contextline.stream_numbers AS bigint INCREMENT BY 64;

-- One row for each stream: its head. An append compares and raises `version` under the append lock.
CREATE TABLE contextline.streams (
    tenant_id integer NOT NULL,
    stream_no bigint  NOT NULL,
    stream_id uuid    NOT NULL,
    version   integer NOT NULL CHECK (version >= 0),
    name      text    NOT NULL,
    PRIMARY KEY (tenant_id, stream_no),
    UNIQUE (tenant_id, stream_id)
) WITH (fillfactor = 80);  -- room on the page keeps the updates of `version` out of the indexes

CREATE TABLE contextline.events (
    position    bigint      NOT NULL PRIMARY KEY,
    recorded_at timestamptz NOT NULL,
    stream_no   bigint      NOT NULL,
    tenant_id   integer     NOT NULL,
    version     integer     NOT NULL CHECK (version >= 0),
    type_id     smallint    NOT NULL,
    origin      bytea       NOT NULL,
    payload     bytea       NOT NULL,
    UNIQUE (tenant_id, stream_no, version)
);

-- What is worth compressing was compressed before it came here.
ALTER TABLE contextline.events ALTER COLUMN payload SET STORAGE EXTERNAL;
