"""How long logs are kept, in the construct library's words."""

from aws_cdk import aws_logs as logs

from stacks.settings import RETENTION_DAYS, Settings

_NAMES = dict(zip(RETENTION_DAYS, logs.RetentionDays, strict=False))  # `INFINITE` has no number


def log_retention(settings: Settings) -> logs.RetentionDays:
    return _NAMES[settings.log_retention_days]
