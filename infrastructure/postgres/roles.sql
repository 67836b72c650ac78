-- What each kind of process may do. Applied after every migration; granting twice changes nothing.
-- The wall around the log is here: the API's role has no UPDATE, DELETE or TRUNCATE on events.

REVOKE ALL ON SCHEMA contextline FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA contextline FROM PUBLIC;

GRANT USAGE ON SCHEMA contextline TO contextline_api, contextline_projection;
GRANT SELECT ON ALL TABLES IN SCHEMA contextline TO contextline_api, contextline_projection;

GRANT INSERT ON contextline.tenants, contextline.event_types, contextline.events, contextline.streams
    TO contextline_api;
GRANT UPDATE (version) ON contextline.streams TO contextline_api;
GRANT USAGE ON SEQUENCE contextline.stream_numbers TO contextline_api;
GRANT INSERT, UPDATE, DELETE ON contextline.writers TO contextline_api;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA contextline FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA contextline TO contextline_api;
GRANT INSERT, UPDATE ON contextline.recorder_tracking TO contextline_api;
GRANT INSERT ON contextline.recorder_snapshots TO contextline_api;

GRANT INSERT, UPDATE ON contextline.projections, contextline.projection_leases TO contextline_projection;

GRANT INSERT, UPDATE, DELETE ON contextline.snapshots TO contextline_api;

GRANT INSERT ON contextline.large_values TO contextline_api;

-- A dictionary stays: payloads can only be read with its very bytes.
GRANT INSERT ON contextline.dictionaries TO contextline_api;
