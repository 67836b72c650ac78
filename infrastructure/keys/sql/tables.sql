-- A key store. Of a key that was destroyed its id alone stays: it is never given out again, and what it encrypted is
-- told apart from what is damaged. Where a key is for no session or no user, '' stands for them.
BEGIN IMMEDIATE;

CREATE TABLE IF NOT EXISTS keys (
    key_id      BLOB NOT NULL PRIMARY KEY,
    tenant      TEXT,
    stream_name TEXT,
    session_id  TEXT,
    user_id     TEXT,
    wrapped     BLOB,
    made_at     TEXT
);

CREATE UNIQUE INDEX IF NOT EXISTS keys_owner ON keys (tenant, stream_name, session_id, user_id);
CREATE INDEX IF NOT EXISTS keys_session ON keys (tenant, session_id) WHERE session_id <> '';
CREATE INDEX IF NOT EXISTS keys_user ON keys (tenant, user_id) WHERE user_id <> '';

-- Streams whose keys were destroyed and whose log may not say so yet. `keys`: their ids, one after the other.
CREATE TABLE IF NOT EXISTS pending (
    tenant      TEXT NOT NULL,
    stream_name TEXT NOT NULL,
    keys        BLOB NOT NULL,
    subject     TEXT NOT NULL,
    reason      TEXT,
    actor       TEXT,
    PRIMARY KEY (tenant, stream_name)
);

-- Which master key wraps, a value to check it by, which ledger belongs here and how many of its entries were applied.
CREATE TABLE IF NOT EXISTS facts (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
);

COMMIT;
