from __future__ import annotations

from pathlib import Path

import pytest

from kinema.errors import ConfigError, SchemaTooNew
from kinema.files import write_json
from kinema.record import append_lines, cut_torn_line, read_lines, read_run, write_lines


def rows(*values: int) -> list[dict[str, int]]:
    return [{"schema": 1, "value": value} for value in values]


def test_lines_come_back(tmp_path: Path) -> None:
    path = tmp_path / "scores.jsonl"
    append_lines(path, rows(1, 2))
    append_lines(path, rows(3))
    assert list(read_lines(path)) == rows(1, 2, 3)


@pytest.mark.parametrize("kept", range(1, 25))
def test_a_line_torn_anywhere_is_passed_over_and_cut_off(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "scores.jsonl"
    write_lines(path, rows(1))
    whole = path.read_bytes()
    path.write_bytes(whole + whole[: min(kept, len(whole) - 1)])
    assert list(read_lines(path)) == rows(1)
    cut_torn_line(path)
    append_lines(path, rows(2))
    assert list(read_lines(path)) == rows(1, 2)


def test_a_file_of_one_torn_line_becomes_empty(tmp_path: Path) -> None:
    path = tmp_path / "scores.jsonl"
    path.write_text('{"schema":1,')
    cut_torn_line(path)
    assert path.read_bytes() == b""
    cut_torn_line(tmp_path / "absent.jsonl")


def test_a_broken_line_in_the_middle_is_named(tmp_path: Path) -> None:
    path = tmp_path / "scores.jsonl"
    path.write_text('{"schema":1}\nnonsense\n{"schema":1}\n')
    with pytest.raises(ConfigError, match="line 2"):
        list(read_lines(path))


def test_a_newer_schema_is_refused_in_one_sentence(tmp_path: Path) -> None:
    for name in ("run.json", "summary.json"):
        write_json(tmp_path / name, {"schema": 99})
    write_lines(tmp_path / "scores.jsonl", rows())
    with pytest.raises(SchemaTooNew, match=r"schema 99.*upgrade") as caught:
        read_run(tmp_path)
    assert "\n" not in str(caught.value)


def test_an_unfinished_run_says_what_to_type(tmp_path: Path) -> None:
    write_json(tmp_path / "run.json", {"schema": 1})
    with pytest.raises(ConfigError, match="kinema run"):
        read_run(tmp_path)


def test_gates_and_generators_come_from_the_record(tmp_path: Path) -> None:
    write_json(tmp_path / "run.json", {"schema": 1, "metrics": {"a/b": {"gate": True}, "a/c": {"gate": False}}})
    write_json(tmp_path / "summary.json", {"schema": 1})
    write_lines(tmp_path / "scores.jsonl", [{"schema": 1, "generator": name} for name in ("two", "one", "two")])
    run = read_run(tmp_path)
    assert run.gates == {"a/b"}
    assert run.generators == ("two", "one")
