-- The registry of read models: which versions exist, which one is read, how far each has come.
CREATE TABLE contextline.projections (
    name       text        NOT NULL,
    version    integer     NOT NULL,
    live       boolean     NOT NULL DEFAULT false,
    position   bigint      NOT NULL DEFAULT 0,
    -- When its process last looked at the end of the log; an old look means that the lag shown is not to be trusted.
    looked_at  timestamptz NOT NULL,
    error      text,
    PRIMARY KEY (name, version)
);

CREATE UNIQUE INDEX one_live_version ON contextline.projections (name) WHERE live;

-- Who runs a projection. The token rises with each owner: a batch commits only under the newest one.
CREATE TABLE contextline.projection_leases (
    name       text        NOT NULL,
    version    integer     NOT NULL,
    owner      text        NOT NULL,
    token      bigint      NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (name, version)
);
