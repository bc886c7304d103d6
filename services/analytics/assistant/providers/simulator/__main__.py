"""Runs the simulator for people who try the assistant: `python -m services.analytics.assistant.providers.simulator`."""

import argparse
import asyncio
import sys

from services.analytics.assistant.providers.simulator.server import KEY, Simulator


async def _run(port: int) -> None:
    async with Simulator().running(port) as simulator:
        sys.stdout.write(
            f"ANALYTICS_ASSISTANT_PROVIDER=openai_responses ANALYTICS_ASSISTANT_MODEL=sim "
            f"ANALYTICS_ASSISTANT_BASE_URL={simulator.url} ANALYTICS_ASSISTANT_API_KEY={KEY}\n"
        )
        sys.stdout.flush()
        await asyncio.Event().wait()


def main() -> None:
    """Read the arguments and serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    asyncio.run(_run(parser.parse_args().port))


if __name__ == "__main__":
    main()
