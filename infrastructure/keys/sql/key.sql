SELECT wrapped FROM keys WHERE key_id = :key_id
