SELECT stream_id, name FROM contextline.streams
