SELECT recorded_at FROM contextline.events WHERE position <= %(position)s ORDER BY position DESC LIMIT 1
