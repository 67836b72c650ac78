-- `heap` has the maps of free space and visibility with it; `toast` its own index.
SELECT c.relname::text,
    pg_table_size(c.oid) - coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0),
    coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0),
    pg_indexes_size(c.oid),
    pg_total_relation_size(c.oid)
FROM pg_class AS c
WHERE c.relnamespace = 'contextline'::regnamespace AND c.relkind = 'r'
    AND c.relname NOT IN (
        'snapshots', 'recorder_snapshots', 'recorder_tracking', 'projections', 'projection_leases', 'schema_migrations'
    )
ORDER BY c.relname
