UPDATE contextline.projections SET position = 0 WHERE name = %(name)s AND version = %(version)s
