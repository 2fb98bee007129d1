"""The embedded AWS: the whole system on one machine, with no account. See `local_cloud.cloud`."""
