UPDATE contextline.projections SET error = %(error)s WHERE name = %(name)s AND version = %(version)s
