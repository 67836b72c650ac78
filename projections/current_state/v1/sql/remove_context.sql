DELETE FROM current_state_v1.contexts WHERE tenant_id = %(tenant_id)s AND context_id = %(context_id)s
