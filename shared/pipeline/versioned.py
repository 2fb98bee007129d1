"""Files in the drop folder that several writers renew: written whole, and never backwards."""

import random
import time
from collections.abc import Callable

from shared.pipeline.services import Services
from shared.ports import PreconditionFailed

TRIES = 10


def rewrite(
    services: Services,
    key: str,
    compose: Callable[[], bytes],
    content_type: str,
    *,
    tries: int = TRIES,
) -> bool:
    """Write what `compose` reads from the rows, unless somebody wrote since it began to read.

    Then it reads again: a slow writer can never put an older truth over a newer one.

    Returns whether it was written within that many tries.
    """
    for attempt in range(tries):
        before = services.objects.head(services.drop_bucket, key)
        try:
            services.objects.write(
                services.drop_bucket,
                key,
                compose(),
                content_type=content_type,
                if_absent=before is None,
                if_match=before.ref.etag if before else None,
            )
        except PreconditionFailed:
            if attempt + 1 < tries:
                time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - jitter, no secret
            continue
        return True
    return False
