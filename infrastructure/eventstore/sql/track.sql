-- Counted by the caller: no row comes back where the position recorded is as high already.
INSERT INTO contextline.recorder_tracking (tenant_id, application_name, notification_id)
VALUES (%(tenant_id)s, %(application_name)s, %(notification_id)s)
ON CONFLICT (tenant_id, application_name) DO UPDATE SET notification_id = excluded.notification_id
WHERE recorder_tracking.notification_id < excluded.notification_id
