SELECT key_id, wrapped FROM keys WHERE wrapped IS NOT NULL AND key_id > :after ORDER BY key_id LIMIT :limit
