from tests.fixtures.http import api, module_api, module_database_url, module_other, projection, server

__all__ = ["api", "module_api", "module_database_url", "module_other", "projection", "server"]
