-- A stretch of the log at a time: a tenant's events may lie far apart, and each statement must come to an end.
SELECT position, payload FROM contextline.events
WHERE position < %(before)s AND position >= %(least)s AND tenant_id = %(tenant_id)s
ORDER BY position DESC
LIMIT %(limit)s
