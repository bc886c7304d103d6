"""Serves the suite of the current folder and plays its story there, as a release does it that was installed before.

Run by path with the folder of a release as working directory: every import is that release's. Without `--install`
the database is taken as it is, as `pillars serve` takes it.
"""

import argparse
import asyncio
import sys

sys.path.insert(0, "")


async def run(install: bool) -> bool:
    """Serve, play, stop; whether every step of the story held."""
    from rich.console import Console

    from libs.common.runtime.host import Host, listen
    from libs.common.runtime.install import install as bring_up
    from libs.common.runtime.registry import load_all, load_gateway, load_story
    from libs.common.settings import CommonSettings

    listener = listen(18300)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    common = CommonSettings(public_url=url)
    services = load_all()
    if install:
        await bring_up(services, common)
    host = Host(services, common, gateway=load_gateway())
    stop = asyncio.Event()
    try:
        app = await host.start()
        await host.bus_joined()
        serving = asyncio.create_task(host.serve(app, listener, stop))
        try:
            return await load_story()(url, Console(width=200))
        finally:
            stop.set()
            await serving
    finally:
        await host.close()


def main() -> None:
    """Exit code 0 when the story held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--install", action="store_true", help="migrate and seed first")
    sys.exit(0 if asyncio.run(run(parser.parse_args().install)) else 1)


if __name__ == "__main__":
    main()
