-- Tasks that are stored in the clear. The third bit of a payload's header says that it is encrypted.
SELECT t.task_id
FROM current_state_v1.tasks AS t
WHERE t.tenant_id = %(tenant_id)s
    AND t.session_id = ANY (%(session_ids)s::text[])
    AND get_byte(t.document, 0) & 4 = 0
ORDER BY t.task_id
