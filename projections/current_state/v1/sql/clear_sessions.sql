-- Of these sessions those that are stored in the clear. The third bit of a payload's header says that it is encrypted.
SELECT s.session_id
FROM current_state_v1.sessions AS s
WHERE s.tenant_id = %(tenant_id)s AND s.stream_id = ANY (%(stream_ids)s::uuid[]) AND get_byte(s.document, 0) & 4 = 0
ORDER BY s.session_id
