"""The CDK app: `cdk deploy --all`, or `python app.py` for the templates alone."""

import sys

from stacks.node_runtime import use_packaged_node

use_packaged_node()  # before aws_cdk is imported

from stacks.composition import new_app  # noqa: E402
from stacks.settings import SettingsError  # noqa: E402

if __name__ == "__main__":
    try:
        new_app().synth()
    except SettingsError as error:
        sys.exit(f"Dropreel cannot be deployed like this.\n{error}")
