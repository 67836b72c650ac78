INSERT INTO current_state_v1.tasks (
    tenant_id, stream_id, task_id, created_position, session_id, status, type, parent_id, project, code_area, files,
    document
) VALUES (
    %(tenant_id)s, %(stream_id)s, %(task_id)s, %(created_position)s, %(session_id)s, %(status)s, %(type)s,
    %(parent_id)s, %(project)s, %(code_area)s, %(files)s::text[], %(document)s
)
ON CONFLICT (tenant_id, stream_id) DO UPDATE SET
    status = excluded.status, type = excluded.type, parent_id = excluded.parent_id, project = excluded.project,
    code_area = excluded.code_area, files = excluded.files, document = excluded.document
