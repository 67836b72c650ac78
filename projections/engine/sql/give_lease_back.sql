UPDATE contextline.projection_leases
SET expires_at = %(now)s
WHERE name = %(name)s AND version = %(version)s AND token = %(token)s
