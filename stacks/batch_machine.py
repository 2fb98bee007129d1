"""The state machine as a resource: the definition, its role, its log and its trace."""

import json
from collections.abc import Iterable, Mapping

from aws_cdk import ArnFormat, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from shared.keys import WorkKeys
from stacks.access import acknowledge_keys
from stacks.acknowledge import acknowledge
from stacks.asl import function_placeholder
from stacks.retention import log_retention
from stacks.settings import Settings
from stacks.workflow import batch_definition

PLANS = WorkKeys("*").items
"""Where the Distributed Map reads its items."""

OWN_EXECUTIONS = "arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution"
"""How a finding writes the beginning of an execution's ARN."""


def machine_name(settings: Settings) -> str:
    return f"{settings.name}-batches"


def machine_arn(stack: Stack, settings: Settings) -> str:
    """The machine's ARN from its name, for those that the machine itself depends on."""
    return stack.format_arn(
        service="states",
        resource="stateMachine",
        resource_name=machine_name(settings),
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )


class BatchMachine(Construct):
    """The batch workflow.

    Parameters
    ----------
    functions : the functions that states call, by state name.
    timeouts : seconds that each of them may take, by state name.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: Settings,
        functions: Mapping[str, lambda_.Function],
        timeouts: Mapping[str, int],
        work: s3.IBucket,
        creators: sns.Topic,
        dead_letters: sqs.Queue,
        jobs: sqs.Queue,
    ) -> None:
        super().__init__(scope, id_)
        stack = Stack.of(self)
        self._settings = settings
        self.name = machine_name(settings)
        self.role = self._build_role(functions.values(), work, creators, (dead_letters, jobs))
        self.machine = sfn.StateMachine(
            self,
            "Machine",
            state_machine_name=self.name,
            definition_body=sfn.DefinitionBody.from_string(_definition(settings, timeouts)),
            definition_substitutions={
                "Partition": stack.partition,
                "CreatorsTopicArn": creators.topic_arn,
                "NotificationsDeadLettersUrl": dead_letters.queue_url,
                "JobsQueueUrl": jobs.queue_url,
                **{
                    function_placeholder(state): function.function_arn
                    for state, function in functions.items()
                },
            },
            role=self.role,
            tracing_enabled=True,
            logs=sfn.LogOptions(
                destination=self._build_log_group(settings),
                level=sfn.LogLevel.ALL,
                include_execution_data=False,  # what creators write stays out of the logs
            ),
        )
        # cfn-lint knows JSONata only at the top level and literal ARNs only; the workflow's tests
        # run the definition itself.
        self.machine.node.default_child.add_metadata(  # type: ignore[union-attr]
            "cfn-lint", {"config": {"ignore_checks": ["E3601"]}}
        )
        acknowledge(
            self.role,
            "AwsSolutions-IAM5[Resource::*]",
            "X-Ray and CloudWatch log delivery have no resources to name: Step Functions needs "
            "their actions on everything.",
        )

    def _build_log_group(self, settings: Settings) -> logs.LogGroup:
        return logs.LogGroup(
            self,
            "Logs",
            # Under this prefix log delivery needs no growing resource policy.
            log_group_name=f"/aws/vendedlogs/states/{self.name}",
            retention=log_retention(settings),
            removal_policy=RemovalPolicy.DESTROY,
        )

    def _build_role(
        self,
        functions: Iterable[lambda_.Function],
        work: s3.IBucket,
        creators: sns.Topic,
        queues: Iterable[sqs.Queue],
    ) -> iam.Role:
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("states.amazonaws.com"),
            description="Dropreel: what the batch workflow may do",
        )
        allowed = [
            _allow("lambda:InvokeFunction", *(each.function_arn for each in functions)),
            _allow("s3:GetObject", work.arn_for_objects(PLANS)),
            _allow("sns:Publish", creators.topic_arn),
            _allow("sqs:SendMessage", *(queue.queue_arn for queue in queues)),
            *self._run_children(),
        ]
        for statement in allowed:
            role.add_to_policy(statement)
        acknowledge_keys(
            role, work, PLANS, "Every run has a list of its own, under the name of the run."
        )
        for name in (f"{self.name}:*", f"{self.name}/*"):
            acknowledge(
                role,
                f"AwsSolutions-IAM5[Resource::{OWN_EXECUTIONS}:{name}]",
                "Executions and Map runs get their names when they start; these are the machine's "
                "own children and nobody else's.",
            )
        return role

    def _run_children(self) -> list[iam.PolicyStatement]:
        """A Distributed Map starts the machine's own children, watches, stops and redrives them."""
        stack = Stack.of(self)

        def execution(name: str) -> str:
            return stack.format_arn(
                service="states",
                resource="execution",
                resource_name=name,
                arn_format=ArnFormat.COLON_RESOURCE_NAME,
            )

        return [
            _allow("states:StartExecution", machine_arn(stack, self._settings)),
            iam.PolicyStatement(
                actions=["states:DescribeExecution", "states:StopExecution"],
                resources=[execution(f"{self.name}:*")],
            ),
            _allow("states:RedriveExecution", execution(f"{self.name}/*")),
        ]


def _allow(action: str, *resources: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=[action], resources=list(resources))


def _definition(settings: Settings, timeouts: Mapping[str, int]) -> str:
    """Plain JSON: `Stack.to_json_string` would lose nulls, and `ResultPath: null` is meant."""
    return json.dumps(
        batch_definition(
            timeouts=timeouts,
            max_concurrency=settings.max_concurrency,
            timeout_hours=settings.batch_timeout_hours + settings.approval_wait_hours,
            approval_hours=settings.approval_wait_hours,
        )
    )
