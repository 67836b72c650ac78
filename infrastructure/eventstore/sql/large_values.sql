SELECT v.hash, v.size, v.payload
FROM unnest(%(hashes)s::bytea[]) AS wanted (hash)
JOIN contextline.large_values AS v ON v.tenant_id = %(tenant_id)s AND v.hash = wanted.hash
