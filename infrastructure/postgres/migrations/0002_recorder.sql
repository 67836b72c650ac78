-- What the `eventsourcing` library's recorder interface keeps beside the log.

-- How far a process of the library has come in another's log, moved in the transaction that appends what came of it.
CREATE TABLE contextline.recorder_tracking (
    tenant_id        integer NOT NULL,
    application_name text    NOT NULL,
    notification_id  bigint  NOT NULL,
    PRIMARY KEY (tenant_id, application_name)
);

-- The library's snapshots: a cache, whose versions need not be consecutive.
CREATE TABLE contextline.recorder_snapshots (
    tenant_id     integer NOT NULL,
    originator_id text    NOT NULL,
    version       integer NOT NULL,
    topic         text    NOT NULL,
    state         bytea   NOT NULL,
    PRIMARY KEY (tenant_id, originator_id, version)
);
