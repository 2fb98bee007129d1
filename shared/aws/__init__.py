"""The ports of `shared/ports.py`, implemented with boto3."""
