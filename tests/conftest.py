"""How far and how patiently the property tests look.

No example is held to a time: a busy machine is no fault of the code. `HYPOTHESIS_PROFILE=nightly`
walks farther.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile("daily", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("nightly", settings.get_profile("daily"), max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "daily"))
