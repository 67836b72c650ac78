"""The client, asynchronous. The folder `_sync` is made from this one."""
