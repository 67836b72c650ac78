-- It is still at work on what follows from the next event; an error is cleared only when that is done.
UPDATE contextline.projections SET looked_at = %(now)s WHERE name = %(name)s AND version = %(version)s
