-- Moves only from where its process believes it to be.
UPDATE contextline.projections
SET position = %(position)s, looked_at = %(now)s, error = NULL
WHERE name = %(name)s AND version = %(version)s AND position = %(from_position)s
