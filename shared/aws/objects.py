"""Objects in S3."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from botocore.exceptions import ClientError

from shared.clip import ObjectRef
from shared.meter import Meter
from shared.ports import ObjectHead, PreconditionFailed

if TYPE_CHECKING:
    S3Client = Any

_ABSENT = {"404", "NoSuchKey", "NoSuchVersion", "NotFound"}
_REFUSED = {"412", "PreconditionFailed", "409", "ConditionalRequestConflict"}


class S3Objects:
    """`ObjectStore` on S3; counts its requests on a meter."""

    def __init__(self, client: "S3Client", meter: Meter | None = None) -> None:
        self._s3 = client
        self._meter = meter or Meter()

    def read(self, ref: ObjectRef) -> bytes:
        self._meter.add("s3_gets")
        try:
            answer = self._s3.get_object(**_address(ref))
        except ClientError as error:
            if _code(error) in _ABSENT:
                raise FileNotFoundError(f"s3://{ref.bucket}/{ref.key}") from error
            raise
        body: bytes = answer["Body"].read()
        return body

    def head(self, bucket: str, key: str, version_id: str | None = None) -> ObjectHead | None:
        self._meter.add("s3_gets")
        ref = ObjectRef(bucket=bucket, key=key, version_id=version_id)
        try:
            answer = self._s3.head_object(**_address(ref))
        except ClientError as error:
            if _code(error) in _ABSENT:
                return None
            raise
        known = ObjectRef(
            bucket=bucket,
            key=key,
            version_id=answer.get("VersionId") or version_id,
            etag=answer["ETag"].strip('"'),
            size=answer["ContentLength"],
        )
        metadata = {name: unquote(value) for name, value in answer.get("Metadata", {}).items()}
        return ObjectHead(known, answer["LastModified"], metadata)

    def list(self, bucket: str, prefix: str) -> Iterator[ObjectRef]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for page in pages:
            self._meter.add("s3_puts")  # a LIST is billed like a PUT
            for entry in page.get("Contents", ()):
                yield ObjectRef(
                    bucket=bucket,
                    key=entry["Key"],
                    etag=entry["ETag"].strip('"'),
                    size=entry["Size"],
                )

    def write(
        self,
        bucket: str,
        key: str,
        data: bytes,
        *,
        content_type: str,
        metadata: Mapping[str, str] | None = None,
        if_absent: bool = False,
        if_match: str | None = None,
    ) -> ObjectRef:
        self._meter.add("s3_puts")
        answer = _conditional(
            self._s3.put_object,
            Bucket=bucket,
            Key=key,
            Body=data,
            ContentType=content_type,
            Metadata=_ascii(metadata or {}),
            **_condition(if_absent, if_match),
        )
        return ObjectRef(
            bucket=bucket,
            key=key,
            version_id=answer.get("VersionId"),
            etag=answer["ETag"].strip('"'),
            size=len(data),
        )

    def delete(self, bucket: str, key: str) -> None:
        self._s3.delete_object(Bucket=bucket, Key=key)

    def download(self, ref: ObjectRef, path: Path) -> None:
        self._meter.add("s3_gets")
        extra = {"VersionId": ref.version_id} if ref.version_id else None
        self._s3.download_file(ref.bucket, ref.key, str(path), ExtraArgs=extra)

    def upload(
        self,
        bucket: str,
        key: str,
        path: Path,
        *,
        content_type: str,
        metadata: Mapping[str, str] | None = None,
    ) -> ObjectRef:
        self._meter.add("s3_puts")
        extra = {"ContentType": content_type, "Metadata": _ascii(metadata or {})}
        self._s3.upload_file(str(path), bucket, key, ExtraArgs=extra)
        return ObjectRef(bucket=bucket, key=key, size=path.stat().st_size)

    def copy(
        self,
        source: ObjectRef,
        bucket: str,
        key: str,
        *,
        content_type: str,
        metadata: Mapping[str, str],
        if_absent: bool = False,
        if_match: str | None = None,
    ) -> ObjectRef:
        self._meter.add("s3_puts")
        answer = _conditional(
            self._s3.copy_object,
            Bucket=bucket,
            Key=key,
            CopySource=_address(source),
            MetadataDirective="REPLACE",
            ContentType=content_type,
            Metadata=_ascii(metadata),
            **_condition(if_absent, if_match),
        )
        return ObjectRef(
            bucket=bucket,
            key=key,
            version_id=answer.get("VersionId"),
            etag=answer["CopyObjectResult"]["ETag"].strip('"'),
            size=source.size,
        )


def _address(ref: ObjectRef) -> dict[str, str]:
    address = {"Bucket": ref.bucket, "Key": ref.key}
    if ref.version_id:
        address["VersionId"] = ref.version_id
    return address


def _condition(if_absent: bool, if_match: str | None) -> dict[str, str]:
    if if_absent:
        return {"IfNoneMatch": "*"}
    return {"IfMatch": if_match} if if_match else {}


def _conditional(call: Any, **arguments: Any) -> Any:
    try:
        return call(**arguments)
    except ClientError as error:
        # a file that was to be replaced, and is gone
        gone = "IfMatch" in arguments and "Body" in arguments and _code(error) in _ABSENT
        if gone or _code(error) in _REFUSED:
            where = f"s3://{arguments['Bucket']}/{arguments['Key']}"
            raise PreconditionFailed(f"{where} is not in the expected state") from error
        raise


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _ascii(metadata: Mapping[str, str]) -> dict[str, str]:
    """User metadata travels in HTTP headers, which carry ASCII only."""
    return {name: quote(value, safe=" /:.,=+-_") for name, value in metadata.items()}
