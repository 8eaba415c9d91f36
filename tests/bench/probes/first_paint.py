"""
Print how long a browser takes to show something of an execution that has ended: the median of what it measures itself.

Usage: ``first_paint.py N_ELEMENTS``. A map of so many elements runs before the server starts. The browser is Debian's Chromium, which
opens the page in a new session each time, with nothing in its cache. Without one, or without Playwright, there is no figure.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from tests.bench.probes.serving import PLAIT, serving

N_ELEMENTS = int(sys.argv[1])
N_TRIES = 3 if "BENCH_QUICK" in os.environ else 9
CHROMIUM, LONGEST_MS = "/usr/bin/chromium", 120_000
STORE = f"sqlite:///{Path(os.environ['PLAIT_HOME']).resolve()}/painted.db"
PAINTED = """() => new Promise((resolve) => new PerformanceObserver((list) => {
    for (const entry of list.getEntriesByName("first-contentful-paint")) resolve(entry.startTime)
}).observe({ type: "paint", buffered: true }))"""


def run_map() -> None:
    """Run the map as the execution ``painted``."""
    command = [PLAIT, "run", "--name", "painted", "map_plain.py", "wf", "--n", str(N_ELEMENTS)]
    variables = {"PLAIT_STORE": STORE, "PLAIT_DURABILITY": "normal", "N_ITEMS": str(N_ELEMENTS)}
    subprocess.run(command, env={**os.environ, **variables}, stdout=subprocess.DEVNULL, check=True)


async def paint(url: str, login_url: Callable[[], str]) -> list[float]:
    """Open a page several times, and return after how many milliseconds there was something to see."""
    from playwright.async_api import async_playwright

    found = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for _ in range(N_TRIES):
            context = await browser.new_context()
            context.set_default_timeout(LONGEST_MS)
            await context.request.get(login_url())  # whose cookies are those of the pages, but not its cache
            page = await context.new_page()
            await page.goto(url)
            found.append(await page.evaluate(PAINTED))
            await context.close()
        await browser.close()
    return found


def measure() -> float:
    """Return the median in seconds."""
    run_map()
    with serving(PLAIT_STORE=STORE) as server, server.client() as client:

        def login_url() -> str:
            link = client.post("/login_links", json={}).raise_for_status().json()
            return f"{server.url}{link['url']}"

        url = f"{server.url}/console/projects/default/domains/development/executions/painted"
        return median(asyncio.run(paint(url, login_url))) / 1e3


has_browser = Path(CHROMIUM).exists() and find_spec("playwright") is not None
print(json.dumps({"seconds": measure() if has_browser else None}))
