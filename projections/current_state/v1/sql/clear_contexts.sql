-- Contexts that are stored in the clear, expired ones too. The third bit of a payload's header says that it is encrypted.
SELECT c.namespace, c.key
FROM current_state_v1.contexts AS c
WHERE c.tenant_id = %(tenant_id)s
    AND (c.session_id = ANY (%(session_ids)s::text[]) OR c.user_id = %(user_id)s::text)
    AND get_byte(c.attributes, 0) & 4 = 0
ORDER BY c.namespace, c.key
