"""Import this before `httpx` and `fastapi`: what they would load or make beside, and nobody here uses, is left out.

That is httpx's command-line client and HTTP/2, pydantic's old version, which fastapi looks for with every route, and
validators that nothing is validated with: fastapi has some forty models of its own for the API document alone.
"""

import sys
from typing import Any, cast

for _name in ("httpx._main", "h2", "pydantic.v1"):
    # None is how an import is made to fail; all of them are optional.
    sys.modules.setdefault(_name, cast(Any, None))

from pydantic._internal._config import config_defaults  # noqa: E402 - after what it must not find

# As if each model and parameter said `defer_build`: its validator is made when it is first used. There is no public way
# to say so for the models of others; without it all works as well, in 1.4 MB more a process.
config_defaults["defer_build"] = True
