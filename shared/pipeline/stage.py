"""One stage of one clip: marks its start and end, measures it, and stops it when cancelled."""

from collections.abc import Iterable, Mapping
from time import perf_counter
from types import TracebackType
from typing import Any, Self

from shared.batch import ClipStatus
from shared.errors import InternalFault, InvalidInput
from shared.meter import summed
from shared.pipeline.passed import passed
from shared.pipeline.runs import current_run
from shared.pipeline.services import ClipItem, Services
from shared.pipeline.status import write_status
from shared.pipeline.step import Step
from shared.ports import Conflict
from shared.state import ClipRow, PaidJob


class ClipStage:
    """Context of a stage: `with ClipStage(services, item, "finish_clip", FINISHING) as stage`.

    On entry the clip's row shows the stage's status. On exit the row holds what the stage set, the
    seconds it took and what it used, whether it ended well or not.

    Raises
    ------
    BatchCancelled : on entry, when the run is to stop.
    """

    def __init__(self, services: Services, item: ClipItem, name: str, status: ClipStatus) -> None:
        self._services = services
        self._item = item
        self._name = name
        self._status = status
        self._step: Step | None = None

    def __enter__(self) -> Self:
        self._started = perf_counter()
        current_run(self._services, self._item.run)
        self.row = self._services.rows.save_clip(self._load().moved(self._status))
        write_status(self._services, self._item.run.folder)
        return self

    def _load(self) -> ClipRow:
        item = self._item
        row = self._services.rows.clip(item.run.folder, item.run.run_id, item.stem)
        if row is None:
            raise InternalFault(f"there is no row for clip {item.stem} of run {item.run.run_id}")
        return row

    def record(self, status: ClipStatus | None = None, **result: Any) -> None:
        """Set fields of the clip's result, and its status if given; saved when the stage ends."""
        self.row = self.row.moved(status or self.row.status, **result)

    def warn(self, warnings: Iterable[str]) -> None:
        """Add to the clip's warnings; a repeated stage says the same, and that is said once."""
        self.record(warnings=tuple(dict.fromkeys((*self.row.result.warnings, *warnings))))

    def pays(self, jobs: Mapping[str, float]) -> None:
        """Note what the clip's jobs cost so far, in US dollars: on its row, and for its batch.

        A job is booked under the manifest whose run looks at it, instead of an earlier entry.
        """
        if jobs != self.row.result.paid:
            run = self._item.run
            booked = [
                PaidJob(job_id=job, manifest=run.drop.relative, usd=jobs[job]) for job in jobs
            ]
            self._services.rows.save_paid(run.folder, booked)
        self.record(paid=dict(jobs))

    def goes_to(self, step: Step) -> None:
        """Where the state machine goes from here, for the count of what it passes."""
        self._step = step

    def keep(self, **values: Any) -> None:
        """Set fields of the row itself, for example `clip_key`."""
        self.row = self.row.model_copy(update=values)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        elapsed = perf_counter() - self._started
        failed = kind is not None
        self._services.meter.add("transitions", passed(self._name, self._step, failed=failed))
        seconds = summed(self.row.result.seconds, {self._name: round(elapsed, 3)})
        usage = summed(self.row.usage, self._services.meter.take())
        self.keep(usage=usage)
        self.record(seconds=seconds)
        if isinstance(error, InvalidInput):  # Step Functions would keep the first problem only
            self.record(reasons=tuple(map(str, error.problems)))
            self.keep(remedy=error.details.get("remedy", {}))
        try:
            self.row = self._services.rows.save_clip(self.row)
        except Conflict:
            if kind is None:  # otherwise the error that ends the stage is the news
                raise
        if self.row.status.ended:
            write_status(self._services, self._item.run.folder)
