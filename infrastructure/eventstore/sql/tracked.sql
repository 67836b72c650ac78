SELECT t.tenant_id, t.application_name, t.notification_id
FROM unnest($1::integer[], $2::text[]) AS wanted (tenant_id, application_name)
JOIN contextline.recorder_tracking AS t USING (tenant_id, application_name)
