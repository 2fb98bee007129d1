"""One function of the pipeline with everything that is its alone: role, log group, environment."""

from collections.abc import Mapping

from aws_cdk import Duration, RemovalPolicy, Size
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from shared.metrics import NAMESPACE, SERVICE
from stacks.access import Places, grant
from stacks.acknowledge import acknowledge
from stacks.handlers import HandlerSpec
from stacks.retention import log_retention
from stacks.settings import Settings

RUNTIME = lambda_.Runtime.PYTHON_3_14
SCRATCH_MIB = {"finish_clip": 4096, "inspect_clip": 2048, "close_batch": 10_240}
"""Room in /tmp beyond the 512 MiB that come for nothing: renders, and the delivery archive."""


class HandlerFunction(Construct):
    """A function built from its row of the handlers table.

    Parameters
    ----------
    code : the bundle it runs from.
    places : what its rights refer to.
    environment : variables beside those of logging and metrics.
    dead_letters : where events go that the function could not handle.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        spec: HandlerSpec,
        settings: Settings,
        code: lambda_.Code,
        places: Places,
        environment: Mapping[str, str],
        dead_letters: sqs.IQueue | None = None,
    ) -> None:
        super().__init__(scope, id_)
        name = f"{settings.name}-{spec.name.replace('_', '-')}"
        self.log_group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=f"/aws/lambda/{name}",
            retention=log_retention(settings),
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.role = self._build_role(spec, places)
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=name,
            description=f"Dropreel: {spec.state}",
            runtime=RUNTIME,
            architecture=lambda_.Architecture.ARM_64,
            code=code,
            handler=spec.entry,
            memory_size=spec.memory_mb,
            timeout=Duration.seconds(spec.timeout_sec),
            ephemeral_storage_size=_scratch(spec.name),
            role=self.role,
            log_group=self.log_group,
            tracing=lambda_.Tracing.ACTIVE,
            # For events alone: SQS and the workflow keep their own failures.
            dead_letter_queue=dead_letters,
            environment={
                **environment,
                "POWERTOOLS_SERVICE_NAME": SERVICE,
                "POWERTOOLS_METRICS_NAMESPACE": NAMESPACE,
                "LOG_LEVEL": settings.log_level,
            },
        )
        acknowledge(
            self.role,
            "AwsSolutions-IAM5[Resource::*]",
            "Traces, and tasks that wait, have no resources to name: X-Ray's write actions and "
            "SendTask… can only be granted on everything.",
        )

    def _build_role(self, spec: HandlerSpec, places: Places) -> iam.Role:
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=f"Dropreel: what {spec.state} may do",
        )
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                resources=[self.log_group.log_group_arn],
            )
        )
        grant(role, spec.access, places)
        return role


def _scratch(name: str) -> Size | None:
    mebibytes = SCRATCH_MIB.get(name)
    return Size.mebibytes(mebibytes) if mebibytes else None
