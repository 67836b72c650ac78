UPDATE policies_v1.members SET to_position = %(to_position)s
WHERE tenant_id = %(tenant_id)s AND stream_id = %(stream_id)s AND owner = %(owner)s AND from_position = %(from_position)s
