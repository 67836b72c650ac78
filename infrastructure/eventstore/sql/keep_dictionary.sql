INSERT INTO contextline.dictionaries (tenant_id, trained_at, sha256, content)
VALUES (%(tenant_id)s, %(trained_at)s, %(sha256)s, %(content)s)
RETURNING dictionary_id
