"""Rows of runs and clips in the state table.

    pk  batch#<project>/<batch>
    sk  run#<manifest>  |  clip#<run id>#<stem>  |  paid#<job id>
    pk  review#<project>, sk <clip key>

Names are kept as they are: DynamoDB keys take any Unicode.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from shared.aws.documents import DocumentTable
from shared.keys import Folder
from shared.meter import Meter
from shared.review import Review
from shared.state import ClipRow, PaidJob, RunRow

if TYPE_CHECKING:
    Table = Any


class DynamoRows:
    """`StateStore` on DynamoDB; counts its requests on a meter."""

    def __init__(self, table: "Table", meter: Meter | None = None) -> None:
        self._documents = DocumentTable(table, meter)

    def run(self, folder: Folder, manifest: str) -> RunRow | None:
        return self._documents.get(_pk(folder), f"run#{manifest}", RunRow)

    def runs(self, folder: Folder) -> list[RunRow]:
        return self._documents.query(_pk(folder), "run#", RunRow)

    def clip(self, folder: Folder, run_id: str, stem: str) -> ClipRow | None:
        return self._documents.get(_pk(folder), f"clip#{run_id}#{stem}", ClipRow)

    def clips(self, folder: Folder, run_id: str) -> list[ClipRow]:
        rows = self._documents.query(_pk(folder), f"clip#{run_id}#", ClipRow)
        return sorted(rows, key=lambda row: row.index)

    def save_run(self, row: RunRow) -> RunRow:
        saved = row.changed(version=row.version + 1)
        self._documents.put(
            _pk(row.folder),
            f"run#{row.manifest}",
            saved,
            version=saved.version,
            state=row.state.value,
        )
        return saved

    def save_clip(self, row: ClipRow) -> ClipRow:
        saved = row.model_copy(update={"version": row.version + 1})
        self._documents.put(
            _pk(row.folder), _clip_sk(row), saved, version=saved.version, status=row.status.value
        )
        return saved

    def paid(self, folder: Folder) -> list[PaidJob]:
        return self._documents.query(_pk(folder), "paid#", PaidJob)

    def save_paid(self, folder: Folder, jobs: Iterable[PaidJob]) -> None:
        self._documents.put_new([(_pk(folder), f"paid#{job.job_id}", job, {}) for job in jobs])

    def review(self, project: str, clip_key: str) -> Review | None:
        return self._documents.get(f"review#{project}", clip_key, Review)

    def reviews(self, project: str) -> list[Review]:
        return self._documents.query(f"review#{project}", "", Review)

    def save_review(self, review: Review) -> Review:
        saved = review.model_copy(update={"version": review.version + 1})
        self._documents.put(
            f"review#{review.project_id}",
            review.clip_key,
            saved,
            version=saved.version,
            verdict=review.verdict.value,
        )
        return saved

    def save_new_clips(self, rows: list[ClipRow]) -> None:
        if not rows:
            return
        # What an earlier try of the same step wrote may have moved on by now: it stays.
        there = {row.stem for row in self.clips(rows[0].folder, rows[0].run_id)}
        self._documents.put_new(
            [
                (
                    _pk(row.folder),
                    _clip_sk(row),
                    row.model_copy(update={"version": 1}),
                    {"status": row.status.value},
                )
                for row in rows
                if row.stem not in there
            ]
        )


def _pk(folder: Folder) -> str:
    return f"batch#{folder.project_id}/{folder.batch_id}"


def _clip_sk(row: ClipRow) -> str:
    return f"clip#{row.run_id}#{row.stem}"
