"""The lint of words finds what its table forbids, in each kind of text, and nothing else."""

from __future__ import annotations

import subprocess
import sys

import pytest

from scripts.prose import __main__ as prose
from scripts.prose.rules import TABLE, check


def found(name, source):
    return [(one.line, one.word) for one in check(name, source)]


@pytest.mark.parametrize("rule", TABLE["words"], ids=lambda rule: rule["write"])
def test_each_rule_finds_its_example(rule):
    assert [one.write for one in check("docs/a.md", rule["example"]) if one.write == rule["write"]]


def test_a_finding_names_file_line_word_and_replacement():
    lines = [str(one) for one in check("docs/a.md", "# Title\n\nFirst line.\nMend the file.\n")]
    assert len(lines) == 1
    for fact in ("docs/a.md:4", '"mend"', "fix"):
        assert fact in lines[0]


def test_comments_messages_and_docstrings_are_checked():
    source = (
        '"""Rows that are gone."""\n'
        "LABEL = f'{1} # mended in vain'  # kept for good\n"
        "def one():\n"
        '    """Return it.\n\n    Nothing was said.\n    """\n'
        "    # one comment of\n    # two lines: left\n    # quite alone\n"
    )
    assert found("a.py", source) == [
        (1, "gone"),
        (2, "mended"),
        (2, "in vain"),
        (2, "for good"),
        (6, "said"),
        (9, "left quite alone"),
    ]


def test_strings_of_tests_are_input_and_not_checked():
    assert found("tests/a.py", "ROW = 'it is gone for good'\n") == []


def test_names_of_tests_are_checked():
    assert found("tests/a.py", "def test_a_torn_line_is_told():\n    pass\n") == [(1, "torn"), (1, "told")]


@pytest.mark.parametrize(
    ("docstring", "word"),
    [
        ("Return the rows.", None),
        ("The rows.", "The"),
        ("Whether rows exist.", "Whether"),
        ("`id` of the row.", "id"),
    ],
)
def test_docstrings_of_functions_open_with_a_verb(docstring, word):
    expected = [(2, word)] if word else []
    assert found("a.py", f'def one():\n    """{docstring}"""\n') == expected


@pytest.mark.parametrize(
    ("docstring", "word"), [("Rows of a page.", None), ("Which rows are read.", "Which")]
)
def test_docstrings_of_modules_open_with_a_noun_phrase(docstring, word):
    assert found("a.py", f'"""{docstring}"""\n') == ([(1, word)] if word else [])


def test_code_is_not_checked():
    assert found("docs/a.md", "Run `mend anew`.\n\n```sh\nmend anew\n```\n") == []


def test_a_statement_does_not_open_with_what_but_a_question_may():
    assert found("docs/a.md", "What is left is sent.\n") == [(1, "What")]
    assert found("docs/a.md", "What does it cost? 20 tokens.\n") == []


def test_the_baseline_allows_no_new_finding(tmp_path, monkeypatch, capsys):
    page = tmp_path / "a.md"
    monkeypatch.setattr(prose, "ROOT", tmp_path)
    monkeypatch.setattr(prose, "BASELINE", tmp_path / "baseline.txt")
    monkeypatch.setattr(prose, "tracked", lambda: ["a.md"])
    (tmp_path / "baseline.txt").write_text("a.md 1\n", encoding="utf-8")
    page.write_text("Mend it.\n", encoding="utf-8")
    assert prose.main([]) == 0
    page.write_text("Mend it anew.\n", encoding="utf-8")
    assert prose.main([]) == 1
    assert "a.md:1" in capsys.readouterr().out
    page.write_text("Fix it.\n", encoding="utf-8")
    prose.main(["--shrink"])
    assert (tmp_path / "baseline.txt").read_text(encoding="utf-8") == ""


def test_the_command_exits_with_1_for_a_finding(tmp_path):
    page = tmp_path / "a.md"
    page.write_text("Mend it.\n", encoding="utf-8")
    command = [sys.executable, "-m", "scripts.prose", str(page)]
    done = subprocess.run(command, cwd=prose.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"{page}:1" in done.stdout
