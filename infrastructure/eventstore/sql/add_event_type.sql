INSERT INTO contextline.event_types (name) VALUES (%(name)s) ON CONFLICT (name) DO NOTHING
