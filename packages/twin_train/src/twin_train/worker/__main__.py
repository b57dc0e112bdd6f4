"""`python -m twin_train.worker job.json`, once per process."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from twin_train.lifelines import end_with_launcher

if __name__ == "__main__":
    end_with_launcher()  # before the imports that take seconds

    from twin_train.worker.run import run_job

    status = run_job(Path(sys.argv[1]))
    sys.stdout.flush()
    sys.stderr.flush()
    # Everything is on disk. An interpreter that is taken down beside threads of the process group (Gloo's, DeepSpeed's)
    # was once ended by SIGABRT, "terminate called without an active exception", after a training without a fault.
    os._exit(status)
