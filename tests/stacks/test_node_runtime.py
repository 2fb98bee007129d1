"""Node.js for the construct library, on machines that have none."""

import os

import pytest

from stacks.node_runtime import VARIABLE, packaged_node, use_packaged_node


def test_the_packaged_node_is_used_where_nothing_was_chosen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    use_packaged_node()
    node = packaged_node()
    assert node is not None
    assert os.environ[VARIABLE] == str(node)


def test_a_choice_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "/opt/node")
    use_packaged_node()
    assert os.environ[VARIABLE] == "/opt/node"
