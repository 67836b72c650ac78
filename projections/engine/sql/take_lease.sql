-- Whoever takes it gets a token above all before; one that was not given back is free when it has run out,
-- or for its own owner, whose connection was lost.
INSERT INTO contextline.projection_leases AS lease (name, version, owner, token, expires_at)
VALUES (%(name)s, %(version)s, %(owner)s, 1, %(until)s)
ON CONFLICT (name, version) DO UPDATE
SET owner = excluded.owner, token = lease.token + 1, expires_at = excluded.expires_at
WHERE lease.expires_at <= %(now)s OR lease.owner = excluded.owner
RETURNING token
