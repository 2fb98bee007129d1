"""What must outlive a deployment: the three buckets, their access logs and the state table."""

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.acknowledge import acknowledge
from stacks.settings import Settings

ABORT_UPLOADS_AFTER = Duration.days(1)


class StorageStack(Stack):
    """Buckets and table; retained when the stack is deleted, unless the settings say otherwise."""

    def __init__(self, scope: Construct, id_: str, *, settings: Settings) -> None:
        super().__init__(
            scope,
            id_,
            description="Dropreel: drop, work and library buckets, state table",
            termination_protection=settings.termination_protection,
        )
        self._removal = RemovalPolicy.DESTROY if settings.destroy else RemovalPolicy.RETAIN
        self._access_logs = self._build_access_logs(settings)
        self.drop = self._build_drop(settings)
        self.work = self._build_work(settings)
        self.library = self._build_library()
        self.table = self._build_table()
        for name, value in {
            "DropBucket": self.drop.bucket_name,
            "WorkBucket": self.work.bucket_name,
            "LibraryBucket": self.library.bucket_name,
            "StateTable": self.table.table_name,
        }.items():
            CfnOutput(self, f"{name}Name", value=value)

    def _build_access_logs(self, settings: Settings) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "AccessLogs",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            removal_policy=self._removal,
            lifecycle_rules=[
                s3.LifecycleRule(id="forget", expiration=Duration.days(settings.access_log_days)),
                _abort_uploads(),
            ],
        )
        acknowledge(
            bucket,
            "AwsSolutions-S1",
            "This bucket receives the access logs of the others; logging it into itself would "
            "make every log line cause another.",
        )
        return bucket

    def _build_drop(self, settings: Settings) -> s3.Bucket:
        """Versioned, since a run refers to the very version of the manifest that started it."""
        bucket = self._bucket(
            "Drop",
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="forget-replaced",
                    noncurrent_version_expiration=Duration.days(settings.drop_version_days),
                    expired_object_delete_marker=True,
                ),
                _abort_uploads(),
            ],
        )
        _send_events_to_eventbridge(bucket)
        return bucket

    def _build_work(self, settings: Settings) -> s3.Bucket:
        """Not versioned: everything in it is named by its content and can be made again."""
        return self._bucket(
            "Work",
            versioned=False,
            lifecycle_rules=[
                s3.LifecycleRule(id="forget", expiration=Duration.days(settings.work_days)),
                _abort_uploads(),
            ],
        )

    def _build_library(self) -> s3.Bucket:
        return self._bucket("Library", versioned=True, lifecycle_rules=[_abort_uploads()])

    def _bucket(
        self, name: str, *, versioned: bool, lifecycle_rules: list[s3.LifecycleRule]
    ) -> s3.Bucket:
        return s3.Bucket(
            self,
            name,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            removal_policy=self._removal,
            versioned=versioned,
            lifecycle_rules=lifecycle_rules,
            server_access_logs_bucket=self._access_logs,
            server_access_logs_prefix=f"{name.lower()}/",
        )

    def _build_table(self) -> dynamodb.Table:
        return dynamodb.Table(
            self,
            "State",
            partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="sk", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            time_to_live_attribute="expires_at",
            removal_policy=self._removal,
        )


def _abort_uploads() -> s3.LifecycleRule:
    """Parts of uploads that never ended are billed, and no listing shows them."""
    return s3.LifecycleRule(
        id="abort-uploads", abort_incomplete_multipart_upload_after=ABORT_UPLOADS_AFTER
    )


def _send_events_to_eventbridge(bucket: s3.Bucket) -> None:
    """The plain property: `event_bridge_enabled` would bring a custom resource with a function."""
    resource = bucket.node.default_child
    assert isinstance(resource, s3.CfnBucket)  # noqa: S101 - narrows the type
    resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
        event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(
            event_bridge_enabled=True
        )
    )
