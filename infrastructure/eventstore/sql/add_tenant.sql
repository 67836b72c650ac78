INSERT INTO contextline.tenants (name) VALUES (%(name)s) ON CONFLICT (name) DO NOTHING
