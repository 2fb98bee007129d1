"""`dropreel score`, `pick`, `label`, `train-scorer`: choosing keyframes on this machine.

folder       the pictures of a folder, scored
score        the scores, printed and written
pick         the best of each group into `__video_keyframes/`
label        a label file to fill in
training     both heads from a filled one
"""

from cli.scoring.label import label
from cli.scoring.pick import pick
from cli.scoring.score import score
from cli.scoring.training import train_scorer

__all__ = ["label", "pick", "score", "train_scorer"]
