-- A damaged or outdated one is replaced whatever its version; else only a newer state replaces an older one.
INSERT INTO contextline.snapshots AS kept (tenant_id, stream_id, version, shape, payload)
VALUES (%(tenant_id)s, %(stream_id)s, %(version)s, %(shape)s, %(payload)s)
ON CONFLICT (tenant_id, stream_id) DO UPDATE
SET version = excluded.version, shape = excluded.shape, payload = excluded.payload
WHERE kept.version < excluded.version OR kept.shape <> excluded.shape OR %(replace)s
