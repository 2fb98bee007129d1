"""Which `<project>/<batch>/` folders can be worked with."""

from shared.errors import Problem
from shared.keys import Folder
from shared.manifest.guard import key_problems
from shared.manifest.names import is_ours


def folder_problems(folder: Folder) -> list[Problem]:
    """Every reason why no clip could be published under a folder's name; empty when it is fine.

    The library has the same folders as the drop bucket, so a name that is refused there is refused
    before anything is made.
    """
    problems = key_problems(folder.key("clip.mp4"))
    if is_ours(folder.project_id):
        message = "the project's name begins with `_`, which marks what Dropreel keeps for itself."
        problems.append(Problem(folder.project_id, message, "Take another name.", "unsafe_key"))
    return problems
