"""A manifest's problems, kept in the work bucket from the check to the batch's end."""

import json
from collections.abc import Sequence

from shared.errors import Problem
from shared.keys import WorkKeys
from shared.pipeline.services import RunRef, Services


def keep_problems(services: Services, run: RunRef, problems: Sequence[Problem]) -> None:
    """Keep problems where CloseBatch finds them; Step Functions would cut them off."""
    listed = [problem.to_dict() for problem in problems]
    services.objects.write(
        services.work_bucket,
        run.work.problems,
        json.dumps(listed, ensure_ascii=False).encode(),
        content_type="application/json",
    )


def kept_problems(services: Services, run: RunRef) -> tuple[Problem, ...]:
    """What `keep_problems` kept; nothing when nothing was wrong."""
    return read_problems(services, run.work)


def read_problems(services: Services, work: WorkKeys) -> tuple[Problem, ...]:
    head = services.objects.head(services.work_bucket, work.problems)
    if head is None:
        return ()
    return tuple(Problem(**each) for each in json.loads(services.objects.read(head.ref)))
