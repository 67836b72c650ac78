-- What the policies know: who belongs to whom, with its history, and which sessions have ended. Ids and nothing else:
-- also of what is encrypted.

CREATE SCHEMA IF NOT EXISTS policies_v1;

CREATE TABLE IF NOT EXISTS policies_v1.members (
    tenant_id     integer          NOT NULL,
    stream_id     uuid             NOT NULL,
    -- Named as its stream is: a session, or the parent of a task.
    owner         text COLLATE "C" NOT NULL,
    -- The stream belongs to it from the event at the one position to the event at the other, NULL for still.
    from_position bigint           NOT NULL,
    to_position   bigint,
    PRIMARY KEY (tenant_id, stream_id, owner, from_position)
);

CREATE INDEX IF NOT EXISTS members_now ON policies_v1.members (tenant_id, owner, stream_id) WHERE to_position IS NULL;
CREATE INDEX IF NOT EXISTS members_ever ON policies_v1.members (tenant_id, owner, stream_id);

CREATE TABLE IF NOT EXISTS policies_v1.ended (
    tenant_id integer          NOT NULL,
    owner     text COLLATE "C" NOT NULL,
    status    text             NOT NULL,
    position  bigint           NOT NULL,
    PRIMARY KEY (tenant_id, owner)
);

GRANT USAGE ON SCHEMA policies_v1 TO contextline_api;
GRANT SELECT ON ALL TABLES IN SCHEMA policies_v1 TO contextline_api;
