"""The `dropreel` command: everything that it does, it does through the buckets."""
