SELECT originator_id, version, topic, state FROM contextline.recorder_snapshots
WHERE tenant_id = %(tenant_id)s AND originator_id = %(originator_id)s AND version > %(after)s AND version <= %(up_to)s
ORDER BY CASE WHEN %(descending)s THEN -version ELSE version END
LIMIT %(limit)s
