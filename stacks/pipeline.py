"""The pipeline: what happens between a dropped manifest and a finished batch."""

from aws_cdk import ArnFormat, CfnOutput, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from stacks.access import Places
from stacks.batch_machine import BatchMachine, machine_arn
from stacks.bundles.code import bundle_code
from stacks.handler_function import HandlerFunction
from stacks.handlers import (
    ACCEPT_DROP,
    ADVANCE_JOB,
    ANSWER_APPROVAL,
    OUTSIDE_WORKFLOW,
    RECEIVE_CALLBACK,
    RESERVE_BUDGET,
    SETTLE_BROKEN_RUN,
    SWEEP_JOBS,
    Bundle,
    HandlerSpec,
    handler_specs,
)
from stacks.queues import dead_letter_queue, steps_queue, work_queue, worker_queue
from stacks.settings import Settings
from stacks.storage import StorageStack
from stacks.triggers import settle_broken_runs, sweep_every_hour, wake_on_drops

DROPS_AT_ONCE = 10

WOKEN_BY_EVENTS = (SETTLE_BROKEN_RUN, SWEEP_JOBS)
"""Nobody waits for their answer: what they cannot handle must be kept."""


class PipelineStack(Stack):
    """Queues, topics, functions, workflow and the rules that wake them; nothing to keep."""

    def __init__(
        self, scope: Construct, id_: str, *, settings: Settings, storage: StorageStack
    ) -> None:
        super().__init__(scope, id_, description="Dropreel: queues, functions and the workflow")
        self._settings = settings
        self._storage = storage
        self._specs = {spec.name: spec for spec in handler_specs(settings)}
        self._build_queues()
        self.creators = self._topic("Creators")
        self.ops = self._topic("Ops")
        # A policy of its own replaces the default one, by which CloudWatch could publish.
        self.ops.grant_publish(
            iam.ServicePrincipal(
                "cloudwatch.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": self.account}},
            )
        )
        if settings.alarm_email:
            self.ops.add_subscription(subscriptions.EmailSubscription(settings.alarm_email))
        self.handlers = self._build_handlers()
        self.batches = self._build_machine()
        self._connect()
        self._output()

    def _build_queues(self) -> None:
        self.drops_dead_letters = dead_letter_queue(self, "DropsDeadLetters")
        # For the Notify states and the functions that events wake: what a person has to read,
        # since it goes back to no queue. One for all, as a fourth would cost: the alarm reads each.
        self.notifications_dead_letters = dead_letter_queue(self, "NotificationsDeadLetters")
        self.jobs_dead_letters = dead_letter_queue(self, "JobsDeadLetters")
        self.jobs = steps_queue(
            self,
            "Jobs",
            handler_timeout_sec=self._specs[ADVANCE_JOB].timeout_sec,
            dead_letters=self.jobs_dead_letters,
        )
        self.workers = {
            gpu: worker_queue(
                self, f"Worker{gpu.capitalize()}", dead_letters=self.jobs_dead_letters
            )
            for gpu in self._settings.worker_classes
        }
        self.drops = work_queue(
            self,
            "Drops",
            handler_timeout_sec=self._specs[ACCEPT_DROP].timeout_sec,
            dead_letters=self.drops_dead_letters,
        )

    def _topic(self, name: str) -> sns.Topic:
        return sns.Topic(self, name, enforce_ssl=True, display_name=f"Dropreel {name.lower()}")

    def _build_handlers(self) -> dict[str, lambda_.Function]:
        codes = {
            bundle: bundle_code(bundle, self._settings.handler_dependencies) for bundle in Bundle
        }
        places = Places(
            drop=self._storage.drop,
            work=self._storage.work,
            library=self._storage.library,
            table=self._storage.table,
            drops=self.drops,
            jobs=self.jobs,
            workers=tuple(self.workers.values()),
            creators=self.creators,
            state_machine_arn=machine_arn(self, self._settings),
            providers_secret_arn=self._secret_arn(),
        )
        return {
            name: HandlerFunction(
                self,
                spec.state,
                spec=spec,
                settings=self._settings,
                code=codes[spec.bundle],
                places=places,
                environment=self._environment(spec),
                dead_letters=self.notifications_dead_letters if name in WOKEN_BY_EVENTS else None,
            ).function
            for name, spec in self._specs.items()
        }

    def _environment(self, spec: HandlerSpec) -> dict[str, str]:
        settings = self._settings
        return {
            "DROP_BUCKET": self._storage.drop.bucket_name,
            "WORK_BUCKET": self._storage.work.bucket_name,
            "LIBRARY_BUCKET": self._storage.library.bucket_name,
            "STATE_TABLE": self._storage.table.table_name,
            "STATE_MACHINE_ARN": machine_arn(self, settings),
            "KEYFRAME_WAIT_SEC": str(settings.keyframe_wait_sec),
            "MAX_MANIFEST_BYTES": str(settings.max_manifest_bytes),
            "MAX_KEYFRAME_BYTES": str(settings.max_keyframe_bytes),
            **({"DROPS_QUEUE_URL": self.drops.queue_url} if spec.drops_again else {}),
            **({"JOBS_QUEUE_URL": self.jobs.queue_url} if spec.queues_jobs else {}),
            **({"PROVIDERS_SECRET": self._settings.providers_secret} if spec.reads_keys else {}),
            **({"WORKER_QUEUES": self._worker_queues()} if spec.knows_engines else {}),
            **({"CREATORS_TOPIC_ARN": self.creators.topic_arn} if spec.tells_people else {}),
            **(
                {"APPROVAL_WAIT_HOURS": str(settings.approval_wait_hours)}
                if spec.asks_people
                else {}
            ),
        }

    def _worker_queues(self) -> str:
        return self.to_json_string({gpu: queue.queue_url for gpu, queue in self.workers.items()})

    def _secret_arn(self) -> str:
        """The secret that ops make by hand; Secrets Manager ends its ARN with six characters."""
        return self.format_arn(
            service="secretsmanager",
            resource="secret",
            resource_name=f"{self._settings.providers_secret}-??????",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )

    def _build_machine(self) -> BatchMachine:
        inside = [spec for name, spec in self._specs.items() if name not in OUTSIDE_WORKFLOW]
        return BatchMachine(
            self,
            "Batches",
            settings=self._settings,
            functions={spec.state: self.handlers[spec.name] for spec in inside},
            timeouts={spec.state: spec.timeout_sec for spec in inside},
            work=self._storage.work,
            creators=self.creators,
            dead_letters=self.notifications_dead_letters,
            jobs=self.jobs,
        )

    def _connect(self) -> None:
        self.handlers[ACCEPT_DROP].add_event_source(
            sources.SqsEventSource(
                self.drops, batch_size=DROPS_AT_ONCE, report_batch_item_failures=True
            )
        )
        self.handlers[ADVANCE_JOB].add_event_source(
            sources.SqsEventSource(self.jobs, batch_size=1, report_batch_item_failures=True)
        )
        # Signed by us for each job, and where the provider signs, by the provider: IAM would
        # keep out exactly those who are meant to call.
        self.callback = self.handlers[RECEIVE_CALLBACK].add_function_url(
            auth_type=lambda_.FunctionUrlAuthType.NONE
        )
        self.handlers[ADVANCE_JOB].add_environment("CALLBACK_URL", self.callback.url)
        # Behind one-time links in a mail: whoever has the link may answer, and nobody else can.
        self.approval = self.handlers[ANSWER_APPROVAL].add_function_url(
            auth_type=lambda_.FunctionUrlAuthType.NONE
        )
        self.handlers[RESERVE_BUDGET].add_environment("APPROVAL_URL", self.approval.url)
        self.sweep_rule = sweep_every_hour(
            self,
            "OnTheHour",
            function=self.handlers[SWEEP_JOBS],
            dead_letters=self.notifications_dead_letters,
        )
        self.drops_rule = wake_on_drops(
            self,
            "OnDrop",
            bucket=self._storage.drop,
            queue=self.drops,
            dead_letters=self.drops_dead_letters,
        )
        self.run_ends_rule = settle_broken_runs(
            self,
            "OnBrokenRun",
            state_machine_arn=self.batches.machine.state_machine_arn,
            function=self.handlers[SETTLE_BROKEN_RUN],
            dead_letters=self.notifications_dead_letters,
        )

    def _output(self) -> None:
        for name, value in {
            "StateMachineArn": self.batches.machine.state_machine_arn,
            "CreatorsTopicArn": self.creators.topic_arn,
            "OpsTopicArn": self.ops.topic_arn,
            "DropsQueueUrl": self.drops.queue_url,
            "JobsQueueUrl": self.jobs.queue_url,
            "JobsDeadLettersUrl": self.jobs_dead_letters.queue_url,
            "CallbackUrl": self.callback.url,
            "ApprovalUrl": self.approval.url,
            "DropsDeadLettersUrl": self.drops_dead_letters.queue_url,
            "NotificationsDeadLettersUrl": self.notifications_dead_letters.queue_url,
            **{
                f"Worker{gpu.capitalize()}QueueUrl": queue.queue_url
                for gpu, queue in self.workers.items()
            },
        }.items():
            CfnOutput(self, name, value=value)
