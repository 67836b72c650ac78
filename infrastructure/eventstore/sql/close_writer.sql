DELETE FROM contextline.writers WHERE writer_id = %(writer_id)s
