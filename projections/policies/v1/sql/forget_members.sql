DELETE FROM policies_v1.members WHERE tenant_id = %(tenant_id)s AND stream_id = %(stream_id)s
