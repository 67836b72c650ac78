SELECT position FROM contextline.projections WHERE name = %(name)s AND version = %(version)s
