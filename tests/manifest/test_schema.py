import json
import re

from shared.clip import Operation
from shared.manifest import parse_manifest, resolve_clip
from shared.manifest.aliases import FLAT_MOTION, KEYFRAME_ALIASES
from shared.manifest.reference import EXAMPLES, reference_page
from shared.manifest.schema import DOCS, documents, main, manifest_schema
from shared.manifest.v1 import Manifest
from tests.manifest.test_catalog import ways


def test_the_generated_documents_are_up_to_date() -> None:
    assert main(["--check"]) == 0
    assert {path.name for path, _ in documents()} == {"manifest.md", "manifest.schema.json"}
    assert all(path.parent == DOCS for path, _ in documents())


def test_the_schema_knows_every_name_that_is_accepted() -> None:
    blocks = manifest_schema()["$defs"]
    assert set(FLAT_MOTION) <= set(blocks["ClipSettings"]["properties"])
    assert {*FLAT_MOTION, *KEYFRAME_ALIASES} <= set(blocks["Keyframe"]["properties"])
    assert blocks["Keyframe"]["anyOf"] == [
        {"required": ["image_path"]},
        {"required": ["keyframe"]},
        {"required": ["image"]},
        {"required": ["name"]},
    ]


def test_every_field_is_described() -> None:
    schema = Manifest.model_json_schema()
    blocks = [schema, *(block for block in schema["$defs"].values() if "properties" in block)]
    for block in blocks:
        for name, field in block["properties"].items():
            assert field.get("description"), f"{block.get('title')}.{name} has no description"


def test_the_examples_on_the_page_can_be_made_as_they_stand() -> None:
    page = reference_page(Manifest.model_json_schema())
    examples = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    assert [json.loads(example) for example in examples] == list(EXAMPLES.values())
    for example in examples:
        parsed = parse_manifest(example.encode())
        assert not parsed.rejected
        for item in parsed.items:
            clip = resolve_clip(item, parsed.defaults, {})
            if clip.operation in {Operation.TALKING_AVATAR, Operation.TEXT_TO_VIDEO}:
                continue  # no camera move shows a keyframe speak, or one that is not there
            best = ways(list(clip.route), {"camera_move"}, clip.operation).best_or_raise()
            assert best.model == "camera_move"
