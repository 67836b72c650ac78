-- Those to which something belongs, or has belonged.
SELECT wanted.tenant_id, wanted.owner
FROM unnest(%(tenant_ids)s, %(owners)s) AS wanted (tenant_id, owner)
WHERE EXISTS (
    SELECT 1 FROM policies_v1.members AS m WHERE m.tenant_id = wanted.tenant_id AND m.owner = wanted.owner
)
