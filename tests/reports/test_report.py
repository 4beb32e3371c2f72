"""The report folder: whole, self-contained, honest about what is missing, and deaf to hostile words."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from kinema.errors import ConfigError, SchemaTooNew
from kinema.reports import build

Make = Callable[..., Path]
ADDRESSES = {"href", "src", "poster"}


class Page(HTMLParser):
    """What a browser would find on a page: addresses, ids, tags, text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path, self.addresses, self.ids, self.tags, self.words = path, [], [], [], []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(path.read_text(encoding="utf-8"))
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self.addresses += [value or "" for name, value in attrs if name in ADDRESSES]
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture(scope="module")
def report(run_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build([run_folder], tmp_path_factory.mktemp("report") / "out", workers=1)


@pytest.fixture(scope="module")
def pages(report: Path) -> list[Page]:
    return [Page(report), *(Page(path) for path in sorted((report.parent / "scenes").glob("*.html")))]


def test_every_address_leads_to_a_file_of_the_report(report: Path, pages: list[Page]) -> None:
    assert len(pages) == 3
    for page in pages:
        for address in page.addresses:
            if address.startswith("data:"):
                continue
            assert not re.match(r"[a-z]+:|//", address), address
            name, _, fragment = address.partition("#")
            target = (page.path.parent / unquote(name)).resolve() if name else page.path
            assert target.is_file(), f"{page.path.name}: {address}"
            assert target.is_relative_to(report.parent.resolve())
            if fragment:
                assert fragment in Page(target).ids, address
        assert len(set(page.ids)) == len(page.ids)


def test_nothing_comes_from_the_network(report: Path) -> None:
    for path in report.parent.rglob("*"):
        if path.suffix in {".html", ".css", ".js"}:
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"""(src|href)=["']?https?:|url\(\s*["']?https?:|@import|type=["']module""", text), path


def test_hostile_words_stay_words(pages: list[Page]) -> None:
    for page in pages:
        assert page.tags.count("script") == 2, "the page's own script and its data"
        assert not any(name.startswith("on") for name, _ in page.attributes)
        assert not any(value == "x" for name, value in page.attributes if name == "src")
    assert "<img src=x onerror=" in pages[0].text
    assert "<img src=x onerror=" in pages[2].text


def test_page_data_is_json(pages: list[Page]) -> None:
    for page in pages:
        found = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page.path.read_text(encoding="utf-8"), re.DOTALL)
        assert found
        assert "<" not in found[1]
        json.loads(found[1])


def test_leaderboard_shows_scores_intervals_ends_and_reasons(run_folder: Path, pages: list[Page]) -> None:
    text = pages[0].text
    cell = json.loads((run_folder / "summary.json").read_text())["generators"]["oracle"]["axes"]["dynamics"]
    assert f"{cell['value']:.0f} {cell['low']:.0f}–{cell['high']:.0f}" in text
    assert "0.62 constant_velocity" in text, "the raw end at 0 and who set it"
    assert "4.1 takes ±1.6" in text, "the raw end at 100 and the spread of takes"
    assert "a gate: multiplies its axis" in text
    assert "its ends lie 0.1 standard deviations of takes apart" in text
    assert "no score: no scale in this suite; see the raw values" in text
    assert "1 lost" in text
    assert text.index("Under test") < text.index("reference") < text.index("Controls") < text.index("late_sound:ms=250")
    assert "abc1234 (changed since)" in text
    assert "kinema run smoke -g oracle -g late_sound:ms=250 -g reference -g '</script>" in text
    assert "--scene drop@1/seed=0 --samples 2" in text


def test_scene_page_shows_facts_every_why_and_what_was_lost(run_folder: Path, pages: list[Page]) -> None:
    text = pages[1].text
    assert "“A red rubber ball is dropped on Earth.”" in text
    assert "g = 9.81 m/s²" in text
    assert "red rubber ball, ⌀ 18 cm, 0.8 kg" in text
    assert "unscored nothing touches in the truth" in text
    for line in (run_folder / "scores.jsonl").read_text().splitlines():
        score = json.loads(line)
        if score["scene"] == "drop@1/seed=0":
            assert " ".join(score["why"].split()) in text
    assert "Lost: not a video" in pages[2].text


def test_videos_have_controls_stills_and_plots(report: Path, pages: list[Page]) -> None:
    page = pages[1]
    assert page.tags.count("video") == 5, "the truth and four generators"
    assert sum(name == "controls" for name, _ in page.attributes) == 5
    plots = [path.read_text() for path in (report.parent / "plots").glob("*.svg")]
    assert len(plots) == 5 + 4, "one clip is lost"
    assert all("var(--muted)" in plot and "prefers-color-scheme" in plot for plot in plots)
    assert any("no sound" in plot for plot in plots)
    assert any("peak −" in plot for plot in plots)


def test_report_can_be_moved_and_made_again(run_folder: Path, tmp_path: Path, make_run: Make) -> None:
    told: list[tuple[int, int]] = []
    build([run_folder], tmp_path / "a", progress=lambda done, of: told.append((done, of)), workers=1)
    assert told[0] == (0, 9)
    assert told[-1] == (9, 9)
    first = {path.name: path.read_bytes() for path in (tmp_path / "a").rglob("*") if path.is_file()}
    build([run_folder], tmp_path / "a", workers=1)
    assert first == {path.name: path.read_bytes() for path in (tmp_path / "a").rglob("*") if path.is_file()}
    assert not [path for path in (tmp_path / "a").rglob("*") if path.is_symlink()]


def test_runs_side_by_side_tell_equal_names_apart(make_run: Make, tmp_path: Path) -> None:
    one = make_run(tmp_path / "monday" / "smoke", {"oracle": 0.0, "reference": 0.7}, seeds=3)
    two = make_run(tmp_path / "tuesday" / "smoke", {"reference": 0.2, "mine": 0.9}, seeds=3)
    index = build([one, two], tmp_path / "out", workers=1)
    text = Page(index).text
    for name in ("reference · monday/smoke", "reference · tuesday/smoke", "mine", "oracle"):
        assert name in text
    assert "mine ·" not in text
    scenes = list((tmp_path / "out" / "scenes").glob("*.html"))
    assert len(scenes) == 3, "the same scene of both runs shares a page"
    assert all(Page(scene).tags.count("video") == 5 for scene in scenes), "the truth once, and four clips"
    assert re.search(r"#2 .* #1 .* #3", text), "places in the order of the rows: monday's reference, tuesday's, mine"


def test_clips_from_outside_have_no_truth(make_run: Make, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", {"clips": 0.3}, seeds=1)
    shutil.rmtree(run / "truth")
    for name in ("requests.jsonl", "scores.jsonl"):
        text = (run / name).read_text().replace("drop@1/seed=0", "outside/../ü 100% #1.mp4")
        (run / name).write_text(text)
    index = build([run], tmp_path / "out", workers=1)
    (path,) = (tmp_path / "out" / "scenes").glob("*.html")
    page = Page(path)
    assert path.name == "outside-100-1-mp4.html"
    assert page.tags.count("video") == 1
    assert "what the simulator says" not in page.text
    assert "No ceiling measured" in Page(index).text
    assert "A small suite" in Page(index).text


def test_a_single_scene_claims_no_interval(make_run: Make, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", {"oracle": 0.0, "silent": 0.9}, seeds=1)
    text = Page(build([run], tmp_path / "out", workers=1)).text
    assert "one scene" in text
    assert "Known faults" not in text, "nothing is told apart without intervals"


def test_folders_without_a_finished_run_are_refused(run_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no finished run"):
        build([tmp_path], tmp_path / "out")
    with pytest.raises(ConfigError, match="named twice"):
        build([run_folder, run_folder], tmp_path / "out")
    newer = tmp_path / "newer"
    newer.mkdir()
    for name in ("run.json", "scores.jsonl", "summary.json"):
        (newer / name).write_text('{"schema": 99}\n')
    with pytest.raises(SchemaTooNew, match="99"):
        build([newer], tmp_path / "out")
