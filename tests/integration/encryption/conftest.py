from tests.fixtures.http import api
from tests.fixtures.keys import key_settings
from tests.integration.encryption.sealed import other, projection, sealed

__all__ = ["api", "key_settings", "other", "projection", "sealed"]
