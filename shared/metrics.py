"""Names of the metrics: what handlers publish, and what the dashboard and the alarms read.

Every metric carries the dimension `service`; `STAGE_SECONDS` carries `stage` besides.
"""

NAMESPACE = "Dropreel"
SERVICE = "dropreel"

BATCHES_ACCEPTED = "BatchesAccepted"
BATCHES_REJECTED = "BatchesRejected"
BATCHES_FINISHED = "BatchesFinished"

CLIPS_DONE = "ClipsDone"
CLIPS_FAILED = "ClipsFailed"
"""Our fault, not the creator's. A clip that is done publishes 0: the mean is the failed share."""
CLIPS_REJECTED = "ClipsRejected"
"""The creator can mend it."""
CLIPS_FLAGGED = "ClipsFlagged"
"""Made, but held for a person to look at."""

REVIEWS_APPROVED = "ReviewsApproved"
"""1 for a held clip that a person approved, 0 for one rejected: the mean is the acceptance rate."""

CLIP_COST_USD = "ClipCostUsd"
BATCH_COST_USD = "BatchCostUsd"

PROVIDERS_PAUSED = "ProvidersPaused"
"""A provider of models is down: it was paused, or a trial after a pause failed."""

STAGE_SECONDS = "StageSeconds"
STAGES = ("prepare_clip", "finish_clip", "inspect_clip", "publish_clip")
"""Values of the dimension `stage`."""
