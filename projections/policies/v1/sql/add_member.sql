INSERT INTO policies_v1.members (tenant_id, stream_id, owner, from_position, to_position)
VALUES (%(tenant_id)s, %(stream_id)s, %(owner)s, %(from_position)s, %(to_position)s)
