-- Dictionaries that were trained on a tenant's clear payloads, to compress its next ones with. Kept for ever: without the
-- very bytes, what was compressed with them can't be read. Numbers below 1000 are for those that come with the program.
CREATE TABLE contextline.dictionaries (
    tenant_id     integer     NOT NULL,
    dictionary_id integer     NOT NULL GENERATED ALWAYS AS IDENTITY (MINVALUE 1000),
    trained_at    timestamptz NOT NULL,
    sha256        bytea       NOT NULL CHECK (octet_length(sha256) = 32),
    content       bytea       NOT NULL,  -- a zstandard frame; `sha256` is of what is in it
    PRIMARY KEY (tenant_id, dictionary_id)
);

ALTER TABLE contextline.dictionaries ALTER COLUMN content SET STORAGE EXTERNAL;
