SELECT nextval('contextline.stream_numbers') FROM generate_series(1, %(blocks)s::integer)
