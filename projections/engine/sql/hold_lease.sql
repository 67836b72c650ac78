-- Locks the row to the end of the transaction: no one can take the lease over between this check and the commit.
UPDATE contextline.projection_leases
SET expires_at = %(until)s
WHERE name = %(name)s AND version = %(version)s AND token = %(token)s
