"""Import this before `httpx` and `fastapi`: what they would load beside, and nobody here uses, is left out.

That is httpx's command-line client and HTTP/2, and pydantic's old version, which fastapi looks for with every route.
"""

import sys
from typing import Any, cast

for _name in ("httpx._main", "h2", "pydantic.v1"):
    # None is how an import is made to fail; all of them are optional.
    sys.modules.setdefault(_name, cast(Any, None))
