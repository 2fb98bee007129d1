"""Rows made for a test."""

from typing import Any

from shared.catalog import ModelRow


def price(amount: float, unit: str, **more: Any) -> dict[str, Any]:
    defaults = {"source": "a test", "verification": "reported"}
    return {"amount": amount, "unit": unit, **defaults, **more}


def row(name: str = "test/model", **more: Any) -> ModelRow:
    provider = more.pop("provider", "test")
    defaults: dict[str, Any] = {
        "id": name,
        "name": name,
        "kind": "video",
        "provider": provider,
        "engine": f"api:{provider}",
        "platform": "api",
        "licence": "test",
        "commercial": "yes",
        "operations": ["image_to_video"],
        "capabilities": {"image": "required", "prompt": "optional", "durations_sec": [5]},
        "quality": {"score": 0.5},
        "prices": [price(0.1, "second")],
    }
    return ModelRow.model_validate({**defaults, **more})
