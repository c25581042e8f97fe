"""The storage directory in the real server's layout: `directory` -> `collection` -> one engine shard."""
