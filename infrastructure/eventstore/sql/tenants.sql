SELECT name, tenant_id FROM contextline.tenants
