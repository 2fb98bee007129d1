"""The embedded AWS: `local_cloud.cloud.embedded_cloud` runs the whole system on one machine, with no account."""
