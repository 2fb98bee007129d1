"""Links into the AWS console, so that a message leads to the place it speaks of."""

from dataclasses import dataclass
from urllib.parse import quote

from shared.keys import Folder


@dataclass(frozen=True)
class ConsoleLinks:
    """Console addresses of one deployment; called with a folder and a run it gives them all.

    Off the real cloud (`console=False`) there is no console, so there are no links.
    """

    region: str
    state_machine_arn: str
    drop_bucket: str
    library_bucket: str
    console: bool = True

    def __call__(self, folder: Folder, run_id: str) -> dict[str, str]:
        if not self.console:
            return {}
        prefix = quote(folder.prefix, safe="/")
        execution = self.state_machine_arn.replace(":stateMachine:", ":execution:") + f":{run_id}"
        base = f"https://{self.region}.console.aws.amazon.com"
        return {
            "execution": f"{base}/states/home#/v2/executions/details/{execution}",
            "library": f"{base}/s3/buckets/{self.library_bucket}?prefix={prefix}",
            "drop": f"{base}/s3/buckets/{self.drop_bucket}?prefix={prefix}",
        }
