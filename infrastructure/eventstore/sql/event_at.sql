SELECT stream_no, version, recorded_at, payload FROM contextline.events WHERE position = %(position)s
