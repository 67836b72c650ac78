SELECT DISTINCT ON (tenant_id) tenant_id, dictionary_id, sha256 FROM contextline.dictionaries
WHERE tenant_id = ANY (%(tenant_ids)s::integer[])
ORDER BY tenant_id, dictionary_id DESC
