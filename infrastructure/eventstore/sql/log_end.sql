SELECT position, recorded_at FROM contextline.events ORDER BY position DESC LIMIT 1
