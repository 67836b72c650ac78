"""The operations of a batch."""

from __future__ import annotations

from typing import Any, Unpack

from msgspec import UNSET, Struct

from contextline._encoding import camel_members, check_names
from contextline.options import DeleteOptions, StoreOptions, UpdateOptions


class Operation(Struct, frozen=True):
    """One operation of a batch, as it is sent: made by `store`, `update` or `delete`, which take what the calls take.

    A plain dictionary by the names on the wire does as well.
    """

    body: dict[str, Any]

    @classmethod
    def store(cls, key: str, data: Any, **options: Unpack[StoreOptions]) -> Operation:
        """As `client.store`."""
        check_names("store", StoreOptions, options)
        absent = {"ifAbsent": True} if options.pop("only_if_absent", False) else {}
        members = {name: value for name, value in options.items() if value is not None or name == "ttl"}
        return cls({"op": "store", "key": key, "data": data, "options": camel_members(members), **absent})

    @classmethod
    def update(cls, key: str, data: Any = UNSET, **options: Unpack[UpdateOptions]) -> Operation:
        """As `client.update`."""
        check_names("update", UpdateOptions, options)
        given = {} if data is UNSET else {"data": data}
        return cls({"op": "update", "key": key, "options": camel_members(options), **given})

    @classmethod
    def delete(cls, key: str, **options: Unpack[DeleteOptions]) -> Operation:
        """As `client.delete`."""
        check_names("delete", DeleteOptions, options)
        return cls({"op": "delete", "key": key, "options": camel_members(options)})
