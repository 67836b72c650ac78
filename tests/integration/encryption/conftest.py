from tests.fixtures.keys import key_settings
from tests.integration.encryption.sealed import other, projection, sealed

__all__ = ["key_settings", "other", "projection", "sealed"]
