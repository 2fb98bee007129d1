"""Which of our own engines this deployment can use, by its settings.

| setting | means |
| --- | --- |
| `WORKER_GPUS` | classes that workers of yours are attached for: `rtx4090`, or `rtx4090,a100` |
| `WORKER_LINE` | how many jobs may wait in a worker's queue before new clips go elsewhere |
| `WORKER_USD_PER_HOUR` | what an hour of your box costs you; 0 unless set |
| `MODAL_TOKEN_ID`, `MODAL_TOKEN_SECRET` | a token of a Modal workspace with the app deployed |
| `MODAL_APP`, `MODAL_ENVIRONMENT` | where it is not `dropreel` in the default environment |
| `MODAL_CONCURRENT`, `MODAL_PER_MINUTE` | how many jobs may run there, and start in a minute |
"""

from collections.abc import Collection, Mapping
from decimal import Decimal, InvalidOperation

from shared.gpu_jobs.gpu import tiers
from shared.gpu_jobs.line import WORKER_LINE
from shared.gpu_jobs.modal import MODAL
from shared.gpu_jobs.worker import WORKER
from shared.jobs.leases import Caps

CALLBACK_SECRET = "CALLBACK_SECRET"  # noqa: S105 - the name of the setting
WORKER_GPUS = "WORKER_GPUS"
WORKER_USD_PER_HOUR = "WORKER_USD_PER_HOUR"
MODAL_TOKEN = ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET")
SETTINGS = frozenset(
    {
        *(WORKER_GPUS, WORKER_LINE, WORKER_USD_PER_HOUR, *MODAL_TOKEN),
        *("MODAL_APP", "MODAL_ENVIRONMENT", "MODAL_CONCURRENT", "MODAL_PER_MINUTE"),
    }
)

DAY_SEC = 24 * 3600
WORKER_CAPS = Caps(concurrent=10_000, per_minute=10_000, lease_sec=DAY_SEC)
"""The queue is the line: workers take what they can, so nobody else has to count."""

MODAL_CONCURRENT, MODAL_PER_MINUTE = 10, 60


def attached_gpus(values: Mapping[str, str]) -> tuple[str, ...]:
    """Classes of GPU that workers are attached for; words that are none are passed over."""
    named = (word.strip() for word in values.get(WORKER_GPUS, "").split(","))
    return tuple(name for name in named if name in tiers())


def own_engines(values: Mapping[str, str], queues: Collection[str]) -> frozenset[str]:
    """`worker` where a worker is attached to a queue that is there; `modal` where tokens are.

    Workers claim their jobs by calling back, so without `CALLBACK_SECRET` there are none.
    """
    found = set()
    listening = bool(values.get(CALLBACK_SECRET))
    if listening and set(attached_gpus(values)) & set(queues):
        found.add(WORKER)
    if all(values.get(name) for name in MODAL_TOKEN):
        found.add(MODAL)
    return frozenset(found)


def own_needs(values: Mapping[str, str], engine: str) -> str:
    """What is to be set before an engine of ours that is not there can be used.

    Empty for any other engine.
    """
    lacking: list[str] = []
    if engine == MODAL:
        lacking = [name for name in MODAL_TOKEN if not values.get(name)]
    elif engine == WORKER:
        attached = attached_gpus(values)
        lacking = [] if attached else [f"{WORKER_GPUS}, one of {', '.join(tiers())}"]
        lacking += [] if values.get(CALLBACK_SECRET) else [CALLBACK_SECRET]
        lacking = lacking or [f"a queue for {', '.join(attached)} (`worker_gpus` in cdk.json)"]
    return f"{' and '.join(lacking)}, docs/gpu.md" if lacking else ""


def own_caps(values: Mapping[str, str]) -> dict[str, Caps]:
    return {
        WORKER: WORKER_CAPS,
        MODAL: Caps(
            concurrent=int(values.get("MODAL_CONCURRENT", MODAL_CONCURRENT)),
            per_minute=int(values.get("MODAL_PER_MINUTE", MODAL_PER_MINUTE)),
            lease_sec=DAY_SEC,
        ),
    }


def worker_rate(values: Mapping[str, str]) -> Decimal:
    """US dollars an hour of your own box."""
    try:
        return max(Decimal(0), Decimal(values.get(WORKER_USD_PER_HOUR, "0") or "0"))
    except InvalidOperation:
        return Decimal(0)
