-- The first version of a read model is live at once; a later one becomes so when it is switched to.
INSERT INTO contextline.projections (name, version, live, looked_at)
VALUES (
    %(name)s, %(version)s,
    NOT EXISTS (SELECT 1 FROM contextline.projections WHERE name = %(name)s AND live),
    %(now)s
)
ON CONFLICT (name, version) DO NOTHING
