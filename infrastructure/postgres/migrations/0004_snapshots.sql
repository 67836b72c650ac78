-- States of streams at a version, so that opening one needs no replay from the beginning. A cache: rows may be deleted.
CREATE TABLE contextline.snapshots (
    tenant_id integer  NOT NULL,
    stream_id uuid     NOT NULL,
    version   integer  NOT NULL,
    -- Of the state's fields: a snapshot of another shape is ignored and replaced.
    shape     smallint NOT NULL,
    payload   bytea    NOT NULL,
    PRIMARY KEY (tenant_id, stream_id)
);

ALTER TABLE contextline.snapshots ALTER COLUMN payload SET STORAGE EXTERNAL;
