"""The CDK app: `cdk deploy --all`, or `python app.py` for the templates alone."""

from stacks.node_runtime import use_packaged_node

use_packaged_node()  # before aws_cdk is imported

from stacks.composition import new_app  # noqa: E402

if __name__ == "__main__":
    new_app().synth()
