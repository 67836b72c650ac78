-- Whether a user has preferences that are stored in the clear, told by the user's id. The third bit of a payload's header
-- says that it is encrypted.
SELECT DISTINCT p.user_id
FROM current_state_v1.preferences AS p
WHERE p.tenant_id = %(tenant_id)s AND p.user_id = %(user_id)s::text AND get_byte(p.document, 0) & 4 = 0
