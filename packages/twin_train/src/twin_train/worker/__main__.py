"""`python -m twin_train.worker job.json`, once per process."""

from __future__ import annotations

import sys
from pathlib import Path

from twin_train.lifelines import end_with_launcher

if __name__ == "__main__":
    end_with_launcher()  # before the imports that take seconds

    from twin_train.worker.run import run_job

    sys.exit(run_job(Path(sys.argv[1])))
