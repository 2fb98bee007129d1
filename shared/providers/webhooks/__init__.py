"""Reading what providers send us, and our own callback token.

A webhook is only ever a hint: it names a job that is worth asking after. What became of the job is
learnt by asking the provider, so a forged, replayed or reordered webhook changes nothing.
"""

from shared.providers.webhooks.read import read_webhook
from shared.providers.webhooks.signature import SignatureRefused, WebhookHint
from shared.providers.webhooks.token import CallbackToken, sign_token, verify_token

__all__ = [
    "CallbackToken",
    "SignatureRefused",
    "WebhookHint",
    "read_webhook",
    "sign_token",
    "verify_token",
]
