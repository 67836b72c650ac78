-- The first to bring a piece has it kept; it is the same for all who come later.
INSERT INTO contextline.large_values (tenant_id, hash, size, payload)
SELECT $1, hash, size, payload FROM unnest($2, $3, $4) AS new (hash, size, payload)
ON CONFLICT (tenant_id, hash) DO NOTHING
