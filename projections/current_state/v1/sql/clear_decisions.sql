-- Decisions that are stored in the clear. The third bit of a payload's header says that it is encrypted.
SELECT d.decision_id
FROM current_state_v1.decisions AS d
WHERE d.tenant_id = %(tenant_id)s
    AND (d.session_id = ANY (%(session_ids)s::text[]) OR d.user_id = %(user_id)s::text)
    AND get_byte(d.document, 0) & 4 = 0
ORDER BY d.decision_id
