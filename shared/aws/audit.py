"""The audit trail in S3 and in the log."""

from collections.abc import Callable

from shared.audit import AuditRecord
from shared.keys import audit_key
from shared.ports import ObjectStore, PreconditionFailed


class S3AuditTrail:
    """One object a line, created only if absent: a line that is written stays as it is."""

    def __init__(self, objects: ObjectStore, bucket: str, log: Callable[[str], None]) -> None:
        self._objects = objects
        self._bucket = bucket
        self._log = log

    def append(self, record: AuditRecord) -> None:
        line = record.line()
        self._log(line.rstrip())
        key = audit_key(record.batch, record.run_id, record.stem, record.operation)
        try:
            self._objects.write(
                self._bucket,
                key,
                line.encode(),
                content_type="application/x-ndjson",
                if_absent=True,
            )
        except PreconditionFailed:
            return  # a retry of the same operation: the first line stands
