SELECT version, shape, payload FROM contextline.snapshots
WHERE tenant_id = %(tenant_id)s AND stream_id = %(stream_id)s
