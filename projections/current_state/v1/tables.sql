-- The current state of everything: what lists and filters are answered from. Rows of what was deleted are gone.

CREATE SCHEMA IF NOT EXISTS current_state_v1;

CREATE TABLE IF NOT EXISTS current_state_v1.contexts (
    tenant_id        integer          NOT NULL,
    context_id       uuid             NOT NULL,
    -- Of the event that created it: never changes while the row lives, so a page that begins after it is stable.
    created_position bigint           NOT NULL,
    position         bigint           NOT NULL,
    version          integer          NOT NULL,
    namespace        text COLLATE "C" NOT NULL,
    key              text COLLATE "C" NOT NULL,
    session_id       text,
    agent_id         text,
    user_id          text,
    type             text             NOT NULL,
    tags             text[]           NOT NULL,
    features         text[]           NOT NULL,
    environment      text             NOT NULL,
    priority         integer          NOT NULL,
    importance       double precision NOT NULL,
    created_at       timestamptz      NOT NULL,
    updated_at       timestamptz      NOT NULL,
    expires_at       timestamptz,
    -- Since it was created, as far as it was recorded.
    access_count     bigint           NOT NULL DEFAULT 0,
    last_accessed_at timestamptz,
    -- The attributes and the data, as payloads: they come back exactly as they were stored.
    attributes       bytea            NOT NULL,
    data             bytea            NOT NULL,
    PRIMARY KEY (tenant_id, context_id)
);

-- For tables that were made before reads were recorded.
ALTER TABLE current_state_v1.contexts ADD COLUMN IF NOT EXISTS access_count bigint NOT NULL DEFAULT 0;
ALTER TABLE current_state_v1.contexts ADD COLUMN IF NOT EXISTS last_accessed_at timestamptz;

ALTER TABLE current_state_v1.contexts ALTER COLUMN data SET STORAGE EXTERNAL;

CREATE INDEX IF NOT EXISTS contexts_created   ON current_state_v1.contexts (tenant_id, created_position);
-- Of long keys the beginning: an entry holds 2704 bytes at most, and namespace and key may have 2048 each.
CREATE INDEX IF NOT EXISTS contexts_by_key    ON current_state_v1.contexts (tenant_id, namespace, left(key, 150));
CREATE INDEX IF NOT EXISTS contexts_namespace ON current_state_v1.contexts (tenant_id, namespace, created_position);
CREATE INDEX IF NOT EXISTS contexts_session   ON current_state_v1.contexts (tenant_id, session_id, created_position);
CREATE INDEX IF NOT EXISTS contexts_agent     ON current_state_v1.contexts (tenant_id, agent_id, created_position);
CREATE INDEX IF NOT EXISTS contexts_user      ON current_state_v1.contexts (tenant_id, user_id, created_position);
CREATE INDEX IF NOT EXISTS contexts_type      ON current_state_v1.contexts (tenant_id, type, created_position);
CREATE INDEX IF NOT EXISTS contexts_tags      ON current_state_v1.contexts USING gin (tags);

CREATE TABLE IF NOT EXISTS current_state_v1.sessions (
    tenant_id        integer          NOT NULL,
    stream_id        uuid             NOT NULL,
    session_id       text COLLATE "C" NOT NULL,
    created_position bigint           NOT NULL,
    status           text             NOT NULL,
    user_id          text,
    created_at       timestamptz      NOT NULL,
    -- The whole session, as a payload.
    document         bytea            NOT NULL,
    PRIMARY KEY (tenant_id, stream_id)
);

-- The last command in it, its timeout in seconds, and when it expires unless another one comes: all three are of what
-- was live; of a session that has ended they say nothing.
ALTER TABLE current_state_v1.sessions ADD COLUMN IF NOT EXISTS last_active_at timestamptz;
ALTER TABLE current_state_v1.sessions ADD COLUMN IF NOT EXISTS timeout integer;
ALTER TABLE current_state_v1.sessions ADD COLUMN IF NOT EXISTS expires_at timestamptz;

CREATE INDEX IF NOT EXISTS sessions_id      ON current_state_v1.sessions (tenant_id, session_id);
CREATE INDEX IF NOT EXISTS sessions_expiry  ON current_state_v1.sessions (tenant_id, expires_at)
    WHERE status IN ('active', 'paused');
CREATE INDEX IF NOT EXISTS sessions_created ON current_state_v1.sessions (tenant_id, created_position);
CREATE INDEX IF NOT EXISTS sessions_status  ON current_state_v1.sessions (tenant_id, status, created_position);
CREATE INDEX IF NOT EXISTS sessions_user    ON current_state_v1.sessions (tenant_id, user_id, created_position);

CREATE TABLE IF NOT EXISTS current_state_v1.tasks (
    tenant_id        integer          NOT NULL,
    stream_id        uuid             NOT NULL,
    task_id          text COLLATE "C" NOT NULL,
    created_position bigint           NOT NULL,
    session_id       text COLLATE "C" NOT NULL,
    status           text             NOT NULL,
    type             text             NOT NULL,
    parent_id        text COLLATE "C",
    -- Of encrypted tasks none of these three. A directory stands without its last slash.
    project          text,
    code_area        text COLLATE "C",
    files            text[]           NOT NULL,
    -- The whole task, as a payload.
    document         bytea            NOT NULL,
    PRIMARY KEY (tenant_id, stream_id)
);

CREATE INDEX IF NOT EXISTS tasks_created   ON current_state_v1.tasks (tenant_id, created_position);
CREATE INDEX IF NOT EXISTS tasks_session   ON current_state_v1.tasks (tenant_id, session_id, created_position);
CREATE INDEX IF NOT EXISTS tasks_status    ON current_state_v1.tasks (tenant_id, status, created_position);
CREATE INDEX IF NOT EXISTS tasks_type      ON current_state_v1.tasks (tenant_id, type, created_position);
CREATE INDEX IF NOT EXISTS tasks_parent    ON current_state_v1.tasks (tenant_id, parent_id, created_position);
CREATE INDEX IF NOT EXISTS tasks_project   ON current_state_v1.tasks (tenant_id, project, created_position);
CREATE INDEX IF NOT EXISTS tasks_code_area ON current_state_v1.tasks (tenant_id, code_area);
CREATE INDEX IF NOT EXISTS tasks_files     ON current_state_v1.tasks USING gin (files);

CREATE TABLE IF NOT EXISTS current_state_v1.decisions (
    tenant_id        integer          NOT NULL,
    stream_id        uuid             NOT NULL,
    decision_id      text COLLATE "C" NOT NULL,
    created_position bigint           NOT NULL,
    session_id       text             NOT NULL,
    task_id          text,
    agent_id         text,
    user_id          text,
    type             text             NOT NULL,
    -- Of an encrypted decision these four tell nothing.
    context_hash     text COLLATE "C",
    features         text[]           NOT NULL,
    outcome          text,
    autonomous       boolean,
    created_at       timestamptz      NOT NULL,
    -- The whole decision, as a payload.
    document         bytea            NOT NULL,
    PRIMARY KEY (tenant_id, stream_id)
);

CREATE INDEX IF NOT EXISTS decisions_created ON current_state_v1.decisions (tenant_id, created_position);
CREATE INDEX IF NOT EXISTS decisions_session ON current_state_v1.decisions (tenant_id, session_id, created_position);
CREATE INDEX IF NOT EXISTS decisions_task    ON current_state_v1.decisions (tenant_id, task_id, created_position);
CREATE INDEX IF NOT EXISTS decisions_agent   ON current_state_v1.decisions (tenant_id, agent_id, created_position);
CREATE INDEX IF NOT EXISTS decisions_user    ON current_state_v1.decisions (tenant_id, user_id, created_position);
CREATE INDEX IF NOT EXISTS decisions_type    ON current_state_v1.decisions (tenant_id, type, created_position);
CREATE INDEX IF NOT EXISTS decisions_outcome ON current_state_v1.decisions (tenant_id, outcome, created_position);
CREATE INDEX IF NOT EXISTS decisions_context ON current_state_v1.decisions (tenant_id, context_hash, created_position);
CREATE INDEX IF NOT EXISTS decisions_time    ON current_state_v1.decisions (tenant_id, created_at);

-- Of each feature the decisions that have it, by age: so the newest of a feature are found however many there are. A GIN
-- index over the arrays gives all of them, in no order.
CREATE TABLE IF NOT EXISTS current_state_v1.decision_features (
    tenant_id        integer          NOT NULL,
    feature          text COLLATE "C" NOT NULL,
    created_position bigint           NOT NULL,
    stream_id        uuid             NOT NULL,
    PRIMARY KEY (tenant_id, feature, created_position)
);

CREATE TABLE IF NOT EXISTS current_state_v1.preferences (
    tenant_id        integer          NOT NULL,
    stream_id        uuid             NOT NULL,
    type             text COLLATE "C" NOT NULL,
    key              text COLLATE "C" NOT NULL,
    created_position bigint           NOT NULL,
    user_id          text             NOT NULL,
    -- Of an encrypted preference these two tell nothing.
    explicit         boolean,
    confidence       double precision,
    -- The whole preference, as a payload.
    document         bytea            NOT NULL,
    PRIMARY KEY (tenant_id, stream_id, type, key)
);

CREATE INDEX IF NOT EXISTS preferences_created ON current_state_v1.preferences (tenant_id, created_position);
CREATE INDEX IF NOT EXISTS preferences_user    ON current_state_v1.preferences (tenant_id, user_id, created_position);
CREATE INDEX IF NOT EXISTS preferences_named   ON current_state_v1.preferences (tenant_id, type, key, created_position);

GRANT USAGE ON SCHEMA current_state_v1 TO contextline_api;
GRANT SELECT ON ALL TABLES IN SCHEMA current_state_v1 TO contextline_api;
