SELECT pg_notify('contextline_projection', %(name)s)
