"""`HYPOTHESIS_PROFILE=nightly pytest tests/budget` walks ten times as far."""

import os

from hypothesis import settings

settings.register_profile("nightly", max_examples=1000, deadline=None)
if os.environ.get("HYPOTHESIS_PROFILE") == "nightly":
    settings.load_profile("nightly")
