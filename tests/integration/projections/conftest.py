from tests.fixtures.http import api, module_api, projection, server

__all__ = ["api", "module_api", "projection", "server"]
