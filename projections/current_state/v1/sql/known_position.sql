SELECT p.position FROM contextline.projections AS p WHERE p.name = %(name)s AND p.version = %(version)s
