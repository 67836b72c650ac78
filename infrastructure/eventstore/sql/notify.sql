SELECT pg_notify('contextline_log', %(position)s::text)
