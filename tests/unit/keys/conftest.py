from tests.unit.keys.stores import places

__all__ = ["places"]
