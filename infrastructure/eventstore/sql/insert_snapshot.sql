INSERT INTO contextline.recorder_snapshots (tenant_id, originator_id, version, topic, state)
VALUES (%(tenant_id)s, %(originator_id)s, %(version)s, %(topic)s, %(state)s)
