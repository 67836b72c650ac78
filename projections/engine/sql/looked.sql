UPDATE contextline.projections SET looked_at = %(now)s, error = NULL WHERE name = %(name)s AND version = %(version)s
