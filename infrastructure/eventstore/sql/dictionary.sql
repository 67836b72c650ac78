SELECT sha256, content FROM contextline.dictionaries
WHERE tenant_id = %(tenant_id)s AND dictionary_id = %(dictionary_id)s
