"""Import this before `httpx`: its command-line client is left out, which would bring a terminal library along."""

import sys
from typing import Any, cast

# None is how an import is made to fail.
sys.modules.setdefault("httpx._main", cast(Any, None))
