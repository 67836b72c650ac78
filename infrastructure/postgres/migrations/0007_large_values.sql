-- What makes payloads large, in pieces, each once for a tenant under the hash of its content. Rows never change.
CREATE TABLE contextline.large_values (
    tenant_id integer NOT NULL,
    -- SHA-256 of the content; of what is encrypted, HMAC-SHA-256 under its data key.
    hash      bytea   NOT NULL,
    -- Bytes of the content.
    size      integer NOT NULL,
    payload   bytea   NOT NULL,
    PRIMARY KEY (tenant_id, hash)
);

-- What is worth compressing was compressed before it came here.
ALTER TABLE contextline.large_values ALTER COLUMN payload SET STORAGE EXTERNAL;

-- Begins a transaction that refers to large values: it holds all of the tenant's until it ends, and sees that those are
-- there which it does not bring itself. Who removes some takes the same lock exclusively, before looking who needs them.
CREATE FUNCTION contextline.hold_large_values(tenant integer, needed bytea[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- The first key spells "ctxl".
    PERFORM pg_advisory_xact_lock_shared(1668577388, tenant);
    IF EXISTS (
        SELECT FROM unnest(needed) AS wanted (hash)
        WHERE NOT EXISTS (
            SELECT FROM contextline.large_values AS v WHERE v.tenant_id = tenant AND v.hash = wanted.hash
        )
    ) THEN
        RAISE EXCEPTION 'a large value is not there any more' USING ERRCODE = 'CL003';
    END IF;
END $$;
