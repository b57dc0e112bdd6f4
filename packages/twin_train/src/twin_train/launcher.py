"""`python -m twin_train.launcher PARENT …`: Accelerate's launcher, tied to the process that wants the training.

Accelerate starts the training processes and waits for them. If it is orphaned it would go on for hours unseen.
"""

from __future__ import annotations

import os
import sys

from twin_train.job import LAUNCHER_VARIABLE
from twin_train.lifelines import end_with_parent


def main() -> None:
    """Become Accelerate's launcher, with the arguments that follow the parent's process id."""
    end_with_parent(int(sys.argv[1]))
    os.environ[LAUNCHER_VARIABLE] = str(os.getpid())
    sys.argv = ["accelerate-launch", *sys.argv[2:]]

    from accelerate.commands.launch import main as launch  # type: ignore[import-untyped]

    launch()


if __name__ == "__main__":
    main()
