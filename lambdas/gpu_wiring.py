"""From the environment to our own GPUs: documents, gateways, and what a runner's call may do."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from lambdas.environment import environment
from lambdas.wiring import client, table
from shared.aws.documents import DocumentTable
from shared.aws.gpu import DynamoRecords, Presigner, SqsWorkerQueues
from shared.gpu_jobs.document import Callback
from shared.gpu_jobs.engines import MODAL_TOKEN, attached_gpus, worker_rate
from shared.gpu_jobs.line import longest_line, too_long
from shared.gpu_jobs.modal import MODAL, ModalGateway
from shared.gpu_jobs.modal_client import APP, ModalClient
from shared.gpu_jobs.paper import Paper
from shared.gpu_jobs.worker import WORKER, WorkerGateway
from shared.jobs.job import Job
from shared.jobs.ports import Gateway
from shared.pipeline.services import Services

LINK_SEC = 6 * 3600
"""At most: an address ends with the session of the function that signed it."""

OWN = frozenset({WORKER, MODAL})


def own_gateway(
    house: Services,
    job: Job,
    values: Mapping[str, str],
    callback: Callable[[Job], Callback | None],
) -> Gateway:
    """The engine of ours that the job is for."""
    if job.provider == MODAL:
        token_id, token_secret = (values.get(name, "") for name in MODAL_TOKEN)
        app, stage = values.get("MODAL_APP", APP), values.get("MODAL_ENVIRONMENT", "")
        return ModalGateway(
            paper=paper(callback),
            records=records(house),
            objects=house.objects,
            calls=_modal(token_id, token_secret, app, stage),
        )
    attached = _attached(values)
    return WorkerGateway(
        paper=paper(callback, tuple(attached)),
        records=records(house),
        objects=house.objects,
        queues=SqsWorkerQueues(client("sqs"), attached),
        usd_per_hour=worker_rate(values),
    )


def workers_health(values: Mapping[str, str]) -> dict[str, str]:
    """`worker` → why it should be passed over just now; empty where it may be sent jobs."""
    waiting = SqsWorkerQueues(client("sqs"), _attached(values)).waiting()
    why = too_long(waiting, longest_line(values))
    return {WORKER: why} if why else {}


def _attached(values: Mapping[str, str]) -> dict[str, str]:
    """Queues of the classes that workers are attached for."""
    queues = environment().worker_queues
    return {gpu: queues[gpu] for gpu in attached_gpus(values) if gpu in queues}


def paper(callback: Callable[[Job], Callback | None], gpus: tuple[str, ...] | None = None) -> Paper:
    presigner = Presigner(_signing_client(), LINK_SEC)
    return Paper(
        work_bucket=environment().work_bucket,
        presign_get=presigner.get,
        presign_put=presigner.put,
        callback=callback,
        gpus=gpus,
    )


def records(house: Services) -> DynamoRecords:
    return DynamoRecords(DocumentTable(table(), house.meter))


@cache
def _signing_client() -> Any:
    """Version 4: the older signatures do not take a checksum that the signer did not know."""
    return boto3.client("s3", config=Config(signature_version="s3v4"))


@cache
def _modal(token_id: str, token_secret: str, app: str, stage: str) -> ModalClient:
    """Kept warm: connecting takes its time."""
    return ModalClient(token_id, token_secret, app=app, environment=stage)
