UPDATE keys SET wrapped = :wrapped WHERE key_id = :key_id
