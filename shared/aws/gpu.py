"""Jobs of our own GPUs in AWS: their records, the workers' queues, and addresses for runners.

pk  job#<job id>        sk  gpu        beside the job's own row
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from shared.aws.documents import DocumentTable
from shared.clip import ObjectRef
from shared.errors import InvalidInput, Transient
from shared.gpu_jobs.record import GpuRecord

if TYPE_CHECKING:
    Client = Any


class DynamoRecords:
    """`Records` on DynamoDB."""

    def __init__(self, documents: DocumentTable) -> None:
        self._documents = documents

    def record(self, job_id: str) -> GpuRecord | None:
        return self._documents.get(f"job#{job_id}", "gpu", GpuRecord)

    def save_record(self, record: GpuRecord) -> GpuRecord:
        saved = record.model_copy(update={"version": record.version + 1})
        self._documents.put(f"job#{record.job_id}", "gpu", saved, version=saved.version)
        return saved


class SqsWorkerQueues:
    """`WorkerQueues` on SQS."""

    def __init__(self, client: "Client", urls: Mapping[str, str]) -> None:
        self._sqs = client
        self._urls = urls

    def send(self, gpu_class: str, message: str) -> None:
        url = self._urls.get(gpu_class)
        if not url:
            there = ", ".join(sorted(self._urls)) or "none"
            raise InvalidInput(f"no worker here takes jobs for `{gpu_class}`; attached: {there}.")
        try:
            self._sqs.send_message(QueueUrl=url, MessageBody=message)
        except (BotoCoreError, ClientError) as error:
            raise Transient(f"the workers' queue did not take the job: {error}") from error

    def waiting(self) -> dict[str, int]:
        """Jobs in line by class of GPU, as far as SQS knows; nothing while it cannot be asked."""
        try:
            return {gpu: self._depth(url) for gpu, url in self._urls.items()}
        except (BotoCoreError, ClientError):
            return {}

    def _depth(self, url: str) -> int:
        asked = "ApproximateNumberOfMessages"
        answer = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[asked])
        return int(answer["Attributes"][asked])


class Presigner:
    """Addresses that open one object for a time."""

    def __init__(self, client: "Client", seconds: int) -> None:
        self._s3 = client
        self._seconds = seconds

    def get(self, ref: ObjectRef) -> str:
        return self._sign("get_object", {"Bucket": ref.bucket, "Key": ref.key})

    def put(self, bucket: str, key: str, content_type: str) -> str:
        """The writer must send this very content type."""
        return self._sign("put_object", {"Bucket": bucket, "Key": key, "ContentType": content_type})

    def _sign(self, operation: str, parameters: dict[str, str]) -> str:
        url: str = self._s3.generate_presigned_url(
            operation, Params=parameters, ExpiresIn=self._seconds
        )
        return url
