"""Where things lie: the layout of the three buckets, and the names of runs.

drop      <project>/<batch>/…            what creators drop; our answers start with `_`
work      runs/<run id>/…                what one run decided
          artefacts/<clip key>/…         what was made, named by its content
          prompts/<hash>.json            what was written from a scene, named by its words
          made/<order key>.json          which orders were made already
library   <project>/<batch>/…            finished clips with their companions
          _audit/<project>/<batch>/…     one JSON line an operation
"""

import hashlib
import re
import unicodedata
from typing import NamedTuple

from shared.clip import ObjectRef

STATUS_NAME = "_status.json"
ERRORS_NAME = "_ERRORS.md"
PLAN_NAME = "_PLAN.md"
REVIEW_NAME = "_REVIEW.md"
EXECUTION_NAME_LIMIT = 80  # Step Functions


class Folder(NamedTuple):
    """A batch's folder: the same prefix in the drop bucket and in the library."""

    project_id: str
    batch_id: str

    @property
    def prefix(self) -> str:
        return f"{self.project_id}/{self.batch_id}/"

    def key(self, name: str) -> str:
        return self.prefix + name


class DropKey(NamedTuple):
    """A key of the drop bucket, taken apart: folder, directory below it, file name."""

    folder: Folder
    directory: str
    name: str

    @property
    def relative(self) -> str:
        """Path below the batch's folder, for example `sub/manifest.json`."""
        return self.directory + self.name

    @property
    def base(self) -> str:
        """Prefix against which the manifest's `image_path` values are resolved."""
        return self.folder.prefix + self.directory


def parse_drop_key(key: str) -> DropKey | None:
    """Take a drop key apart; None when it is not inside a `<project>/<batch>/` folder."""
    parts = key.split("/")
    if len(parts) < 3 or not all(parts):
        return None
    project_id, batch_id, *directories, name = parts
    directory = "".join(f"{part}/" for part in directories)
    return DropKey(Folder(project_id, batch_id), directory, name)


def slug(text: str) -> str:
    """ASCII letters, digits and dashes only, for names that AWS restricts."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-").lower()


def run_id(drop: DropKey, manifest_sha256: str, attempt: int) -> str:
    """Name of a run and of its Step Functions execution, at most 80 characters.

    Made of project, batch and content, so that the same drop always has the same name.
    """
    identity = "\0".join((*drop.folder, drop.relative, manifest_sha256))
    tail = f"{hashlib.sha256(identity.encode()).hexdigest()[:12]}-{attempt}"
    head = "-".join(part for part in map(slug, drop.folder) if part)
    return f"{head[: EXECUTION_NAME_LIMIT - len(tail) - 1].rstrip('-')}-{tail}".lstrip("-")


class WorkKeys(NamedTuple):
    """Keys of one run in the work bucket."""

    run_id: str

    @property
    def problems(self) -> str:
        return f"runs/{self.run_id}/problems.json"

    @property
    def items(self) -> str:
        return f"runs/{self.run_id}/items.json"

    def request(self, index: int) -> str:
        return f"runs/{self.run_id}/requests/{index:05d}.json"

    def tries(self, index: int) -> str:
        return f"runs/{self.run_id}/tries/{index:05d}.json"

    def plan(self, index: int) -> str:
        return f"runs/{self.run_id}/plans/{index:05d}.json"


class ArtefactKeys(NamedTuple):
    """Keys of one clip's artefacts in the work bucket, named by content alone."""

    clip_key: str

    def _key(self, name: str) -> str:
        return f"artefacts/{self.clip_key}/{name}"

    @property
    def master(self) -> str:
        return self._key("master.mp4")

    @property
    def proxy(self) -> str:
        return self._key("proxy.mp4")

    @property
    def poster(self) -> str:
        return self._key("poster.jpg")

    @property
    def thumb(self) -> str:
        return self._key("keyframe.jpg")

    @property
    def reference(self) -> str:
        """The seen part of the keyframe, small, for the inspector."""
        return self._key("reference.png")

    @property
    def finished(self) -> str:
        """Written last by FinishClip: its presence means that the others are whole."""
        return self._key("finished.json")

    @property
    def review_sheet(self) -> str:
        """The frames that a reviewer should look at; only of a clip that failed."""
        return self._key("review.jpg")

    @property
    def heatmap(self) -> str:
        """Where it flashes; only of a clip in which something is flagged."""
        return self._key("heatmap.png")

    @property
    def inspection(self) -> str:
        return self._key("inspection.json")

    @property
    def curves(self) -> str:
        """What the inspection measured over time, for the report's charts."""
        return self._key("curves.json")


def made_key(order_key: str) -> str:
    """A note that an order was made before: making it again costs no model's money."""
    return f"made/{order_key}.json"


HELD_PREFIX = "_review_"


def held_names(stem: str) -> tuple[str, str, str]:
    """What lies in the drop folder of a clip that waits for a person: its film, its frames, and
    where it flashes, if anything does."""
    name = f"{HELD_PREFIX}{stem}"
    return f"{name}.mp4", f"{name}.jpg", f"{name}.heatmap.png"


def job_result_key(job_id: str) -> str:
    """Where the file that a job brought home lies in the work bucket."""
    return f"jobs/{job_id}/result.mp4"


def job_report_key(job_id: str) -> str:
    """Where a runner of ours writes how its run ended; written last, after the result."""
    return f"jobs/{job_id}/report.json"


def audit_key(batch: str, run: str, stem: str, operation: str) -> str:
    """`batch` is `<project>/<batch>`."""
    return f"_audit/{batch}/{run}/{stem}.{operation}.json"


def s3_uri(ref: ObjectRef) -> str:
    return f"s3://{ref.bucket}/{ref.key}"
