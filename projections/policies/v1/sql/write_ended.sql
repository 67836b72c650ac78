INSERT INTO policies_v1.ended (tenant_id, owner, status, position)
VALUES (%(tenant_id)s, %(owner)s, %(status)s, %(position)s)
ON CONFLICT (tenant_id, owner) DO UPDATE SET status = excluded.status, position = excluded.position
