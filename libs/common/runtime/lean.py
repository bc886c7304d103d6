"""Import this before `httpx`: its command-line client and HTTP/2 are left out, which bring libraries that nobody uses."""

import sys
from typing import Any, cast

for _name in ("httpx._main", "h2"):
    # None is how an import is made to fail; both are optional.
    sys.modules.setdefault(_name, cast(Any, None))
