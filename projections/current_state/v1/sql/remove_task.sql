DELETE FROM current_state_v1.tasks WHERE tenant_id = %(tenant_id)s AND stream_id = %(stream_id)s
