SELECT e.tenant_id, e.owner, e.status
FROM unnest(%(tenant_ids)s, %(owners)s) AS wanted (tenant_id, owner)
JOIN policies_v1.ended AS e USING (tenant_id, owner)
