"""The report in a real browser, from disk: no errors, clips that play together, both colour schemes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kinema.reports import build

pytestmark = pytest.mark.render
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 120_000  # ms; a busy machine takes long to open its first page


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"none of {', '.join(BROWSERS)} is installed")
    with playwright.sync_playwright() as running:
        options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        opened = running.chromium.launch(executable_path=found, args=options)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def report(run_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build([run_folder], tmp_path_factory.mktemp("browser") / "a folder #1", workers=1)


@pytest.fixture
def visit(browser: Any) -> Iterator[Any]:
    """Opens a page from disk and insists that it raised no error and asked nothing of the network."""
    problems: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.on("console", lambda message: problems.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("requestfailed", lambda request: problems.append(f"failed: {request.url}"))
    page.on("request", lambda request: problems.append(request.url) if not request.url.startswith(("file:", "data:")) else None)

    def go(path: Path, fragment: str = "") -> Any:
        page.goto(path.as_uri() + fragment, timeout=PATIENCE)
        return page

    yield go
    context.close()
    assert not problems


def test_front_page_sorts_chooses_and_filters(visit: Any, report: Path) -> None:
    page = visit(report)
    assert page.title() == "smoke · Kinema"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page itself never scrolls sideways"
    order = "[...document.querySelectorAll('.board tbody.control tr:not(.group)')].map((row) => Number(row.cells[1].dataset.value))"
    page.click(".board th:nth-child(2) button")
    first = page.evaluate(order)
    page.click(".board th:nth-child(2) button")
    assert page.evaluate(order) == sorted(first)
    assert first == sorted(first, reverse=True)
    page.click(".board tbody.control a.cell >> nth=0")
    chosen = page.evaluate("document.querySelector('#who').selectedOptions[0].text")
    assert chosen == "late_sound:ms=250", "the lowest after sorting upwards"
    assert "axis=dynamics" in page.url
    page.fill("#filter", "seed=1")
    assert page.inner_text("#count") == "1 of 2"
    page.reload()
    assert page.input_value("#filter") == "seed=1"
    assert page.evaluate("document.querySelector('#who').selectedOptions[0].text") == chosen


def test_clips_play_together(visit: Any, report: Path) -> None:
    page = visit(sorted((report.parent / "scenes").glob("*.html"))[0])
    page.wait_for_function("[...document.querySelectorAll('video')].every((video) => video.readyState > 0)")
    assert page.evaluate("[...document.querySelectorAll('video')].map((v) => v.duration > 0.9 && v.videoWidth === 64)") == [True] * 5
    assert page.evaluate("[...document.images].every((image) => image.complete && image.naturalWidth > 0)")
    page.wait_for_function("document.querySelectorAll('.overlay circle').length === 5")
    assert page.evaluate("[...document.querySelectorAll('video')].filter((v) => !v.muted).length") == 1
    page.click("#forth")
    page.wait_for_function("[...document.querySelectorAll('video')].every((v) => !v.seeking && Math.abs(v.currentTime - 1 / 12) < 0.01)")
    page.click("#play")
    page.wait_for_function("document.querySelector('#clock').textContent === '1.00 s'")
    assert page.inner_text("#play") == "▶ Play all"
    assert "t=1.00" in page.url
    page.click(".tile:nth-child(2) .pin")
    page.check("#pinned")
    assert page.evaluate("[...document.querySelectorAll('.tile')].filter((tile) => tile.offsetParent).length") == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_pages_fit_and_follow_the_colour_scheme(visit: Any, report: Path, scheme: str, width: int) -> None:
    for path in (report, sorted((report.parent / "scenes").glob("*.html"))[1]):
        page = visit(path)
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        red = int(page.evaluate("getComputedStyle(document.body).backgroundColor").split("(")[1].split(",")[0])
        assert (red < 60) == (scheme == "dark")
        assert page.title() != "owned"
