"""Ten thousand clips: nothing that Step Functions or a row carries comes near its limit."""

import json

from shared.clip import ObjectRef
from shared.pipeline.plan import plan_batch
from tests.pipeline.house import House

CLIPS = 10_000
STATE_LIMIT = 200_000  # bytes; Step Functions takes 262,144
ROW_LIMIT = 350_000  # bytes; DynamoDB takes 409,600


def test_a_plan_of_ten_thousand_clips_carries_ids_only(house: House) -> None:
    names = [f"scene_{number:05d}_a_rather_long_name.png" for number in range(CLIPS)]
    for name in names:
        house.put(name, b"not looked at while planning")
    house.drop("manifest.json", {"keyframes": [{"image_path": name} for name in names]})
    run = house.ref(house.started[-1])
    house.open(run)
    plan = plan_batch(house.services, run)
    assert plan.count == CLIPS
    items = json.loads(house.objects.read(ObjectRef(bucket=plan.bucket, key=plan.key)))
    state = {"run": run.model_dump(mode="json"), "plan": plan.model_dump(mode="json")}
    child = {"run": run.model_dump(mode="json"), **max(items, key=lambda item: len(str(item)))}
    assert len(json.dumps(state).encode()) < STATE_LIMIT // 100
    assert len(json.dumps(child).encode()) < STATE_LIMIT // 100
    # every child answers `{}`; the Map's answer is all of them, were it kept
    assert len(json.dumps([{}] * CLIPS).encode()) < STATE_LIMIT
    assert len(house.row().model_dump_json().encode()) < ROW_LIMIT // 100
    clips = house.services.rows.clips(house.folder, run.run_id)
    assert max(len(clip.model_dump_json().encode()) for clip in clips) < ROW_LIMIT // 100
