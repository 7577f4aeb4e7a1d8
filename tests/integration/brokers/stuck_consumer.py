"""A process that receives messages and is killed before it has taken them over."""

import asyncio
import json
import sys

from kapell.brokers.opening import open_broker
from kapell.brokers.settings import parse_settings
from kapell.clock import SystemClock


async def get_stuck(messages):
    sys.stdout.write(f"{len(messages)}\n")
    sys.stdout.flush()
    await asyncio.sleep(600)


async def complain(message, why):
    sys.exit(f"{message}: {why}")


if __name__ == "__main__":
    broker = open_broker("orders", parse_settings(json.loads(sys.argv[1])), SystemClock())
    asyncio.run(broker.consume(get_stuck, complain))
