SELECT notification_id FROM contextline.recorder_tracking
WHERE tenant_id = %(tenant_id)s AND application_name = %(application_name)s
