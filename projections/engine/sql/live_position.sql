SELECT version, position FROM contextline.projections WHERE name = %(name)s AND live
