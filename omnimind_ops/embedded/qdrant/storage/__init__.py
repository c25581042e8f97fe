"""The storage directory, laid out as the real server lays it out: `directory` -> `collection` -> one engine shard."""
