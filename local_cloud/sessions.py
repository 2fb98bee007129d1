"""AWS clients that talk to an embedded cloud, and to nothing else."""

import os
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from local_cloud.emulator import ACCOUNT, REGION

# Where botocore would look for a profile; nowhere, so that `AWS_PROFILE=production` changes
# nothing here.
_NO_PROFILE = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


class CloudSession:
    """Clients of one embedded cloud: `session_for(endpoint).client("s3")`."""

    def __init__(self, endpoint: str, region: str = REGION) -> None:
        self.endpoint = endpoint
        self._session = boto3.Session(
            # The emulator reads the account number out of the key.
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="test",  # noqa: S106 - no secret: the one the emulator signs with
            region_name=region,
            botocore_session=botocore.session.Session(session_vars=_NO_PROFILE),
        )

    def client(self, service: str, **settings: Any) -> Any:
        """A boto3 client of this cloud's `service`; `settings` go to botocore's `Config`."""
        config = Config(
            proxies={}, retries={"total_max_attempts": 2}, s3={"addressing_style": "path"}
        )
        return self._session.client(
            service, endpoint_url=self.endpoint, config=config.merge(Config(**settings))
        )

    def resource(self, service: str) -> Any:
        """A boto3 resource of this cloud's `service`."""
        return self._session.resource(service, endpoint_url=self.endpoint)


def session_for(endpoint: str) -> CloudSession:
    """The clients of the cloud at this address: dummy credentials, `us-east-1`, path-style S3."""
    return CloudSession(endpoint)


def environment_for(endpoint: str) -> dict[str, str]:
    """What lets another program's own AWS client talk to the cloud at this address."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
