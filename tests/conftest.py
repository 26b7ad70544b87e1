"""What all tests share: every table is known, and nothing of the machine's own settings leaks in."""

import os

os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # before numpy is loaded: a process with threads is not one to fork
for _name in [name for name in os.environ if name.startswith("ENTREPOT_") or name.lower().endswith("_proxy")]:
    del os.environ[_name]
