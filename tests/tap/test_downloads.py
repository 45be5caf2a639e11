"""Content of files: where it is stored, and that no byte is downloaded twice."""

from __future__ import annotations

import hashlib
import tracemalloc

import pytest

from pipedrive_client import ConfigError, PipedriveError
from tap_pipedrive.read.files import safe_name
from tests.support.singer import run_tap

pytestmark = pytest.mark.dialects

DOWNLOAD = "v1:downloadFile"


def content_of(row) -> bytes:
    """Content of a seeded file in the emulator."""
    line = f"{row['file_name']} {row['id']}\n".encode()
    return (line * (row["file_size"] // len(line) + 1))[: row["file_size"]]


def living(emulator):
    return {row["id"]: row for row in emulator.rows("files") if row["active_flag"]}


def downloads(emulator) -> int:
    return sum(count for name, count in emulator.requests().items() if name.endswith("/download"))


REFERENCES = ("deal_id", "person_id", "org_id", "product_id", "activity_id", "lead_id", "project_id")


def test_every_file_is_written_and_described(small, tmp_path):
    records = run_tap(small.config(files_dir=str(tmp_path)), "file_contents").latest("file_contents")
    files = living(small)
    assert records.keys() == files.keys()
    for one, row in files.items():
        content = content_of(row)
        assert records[one] == {
            **{name: row[name] for name in ("id", "name", "file_name", "description", *REFERENCES)},
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "path": records[one]["path"],
        }
        assert (tmp_path / records[one]["path"]).read_bytes() == content
    assert {path.name for path in tmp_path.iterdir()} == {record["path"] for record in records.values()}
    assert downloads(small) == len(files)


def test_complete_files_are_not_downloaded_again(small, tmp_path):
    config = small.config(files_dir=str(tmp_path))
    first = run_tap(config, "file_contents").latest("file_contents")
    broken, *_ = sorted(first)
    path = tmp_path / first[broken]["path"]
    path.write_bytes(b"short")
    small.reset()
    again = run_tap(config, "file_contents").latest("file_contents")
    assert again == first
    assert downloads(small) == 1
    assert path.stat().st_size == first[broken]["size"]


def test_a_run_without_changes_downloads_nothing(small, tmp_path):
    config = small.config(files_dir=str(tmp_path))
    first = run_tap(config, "file_contents")
    small.reset()
    second = run_tap(config, "file_contents", state=first.state)
    assert not second.records["file_contents"]
    assert downloads(small) == 0


def test_a_partial_file_is_resumed(small, tmp_path):
    row = next(iter(living(small).values()))
    content = content_of(row)
    part = tmp_path / f"{safe_name(row['id'], row['file_name'])}.part"
    # Partial file of an interrupted run: a new download would replace the other bytes.
    part.write_bytes(content[: len(content) // 2].upper())
    records = run_tap(small.config(files_dir=str(tmp_path)), "file_contents").latest("file_contents")
    expected = content[: len(content) // 2].upper() + content[len(content) // 2 :]
    assert (tmp_path / records[row["id"]]["path"]).read_bytes() == expected
    assert records[row["id"]]["sha256"] == hashlib.sha256(expected).hexdigest()
    assert not part.exists()


def test_a_complete_part_is_only_renamed(small, tmp_path):
    rows = living(small)
    row = next(iter(rows.values()))
    (tmp_path / f"{safe_name(row['id'], row['file_name'])}.part").write_bytes(content_of(row))
    run_tap(small.config(files_dir=str(tmp_path)), "file_contents")
    assert downloads(small) == len(rows) - 1


@pytest.mark.parametrize("target", ["elsewhere", "missing"])
def test_a_part_that_is_a_link_is_not_followed(small, tmp_path, target):
    row = next(iter(living(small).values()))
    folder = tmp_path / "files"
    folder.mkdir()
    other = tmp_path / "elsewhere"
    other.write_bytes(b"not ours")
    part = folder / f"{safe_name(row['id'], row['file_name'])}.part"
    part.symlink_to(tmp_path / target)
    with pytest.raises(ConfigError, match="symbolic link") as raised:
        run_tap(small.config(files_dir=str(folder)), "file_contents")
    assert part.name in str(raised.value)
    assert other.read_bytes() == b"not ours"
    assert not (tmp_path / "missing").exists()


def test_files_are_readable_by_their_owner_only(small, tmp_path):
    row = next(iter(living(small).values()))
    part = tmp_path / f"{safe_name(row['id'], row['file_name'])}.part"
    part.write_bytes(b"")
    part.chmod(0o644)
    run_tap(small.config(files_dir=str(tmp_path)), "file_contents")
    modes = {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == {0o600}


def test_a_part_that_is_too_long_is_discarded(small, tmp_path):
    row = next(iter(living(small).values()))
    part = tmp_path / f"{safe_name(row['id'], row['file_name'])}.part"
    part.write_bytes(b"x" * (row["file_size"] + 1))
    records = run_tap(small.config(files_dir=str(tmp_path)), "file_contents").latest("file_contents")
    assert (tmp_path / records[row["id"]]["path"]).read_bytes() == content_of(row)


def test_a_failed_download_keeps_its_part_and_the_next_run_completes_it(small, tmp_path):
    config = small.config(files_dir=str(tmp_path), max_concurrency=1)
    small.post(
        "/_emulator/faults", [{"operation": DOWNLOAD, "nth": 3, "kind": "status_before", "status": 501}]
    )
    with pytest.raises(PipedriveError):
        run_tap(config, "file_contents")
    state = run_tap.last.states[-1] if run_tap.last.states else None
    before = {path.name for path in tmp_path.iterdir() if path.suffix != ".part"}
    assert len(before) == 2
    small.reset()
    run_tap(config, "file_contents", state=state)
    assert downloads(small) == len(living(small)) - 2
    assert not list(tmp_path.glob("*.part"))


def test_denied_downloads_are_reported_and_made_when_granted(small, tmp_path, caplog):
    config = small.config(files_dir=str(tmp_path), max_concurrency=1)
    denied = {
        "operation": DOWNLOAD,
        "kind": "status_before",
        "status": 403,
        "error": "Scope and URL mismatch",
    }
    small.post("/_emulator/faults", [denied])
    first = run_tap(config, "file_contents")
    (warning,) = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    for fact in ("file_contents", "/download", "deals:read", f"{len(living(small))} of "):
        assert fact in warning
    assert first.records["file_contents"] == []
    # A file whose row changes meanwhile is read once, as it is now.
    one = min(living(small))
    small.post("/_emulator/rows", {"table": "files", "id": one, "set": {"description": "New"}})
    small.post("/_emulator/faults", [])
    second = run_tap(config, "file_contents", state=first.state)
    assert sorted(row["id"] for row in second.records["file_contents"]) == sorted(living(small))
    assert second.latest("file_contents")[one]["description"] == "New"
    assert "refused" not in second.state["bookmarks"]["file_contents"]


def test_a_remote_file_is_skipped(small, tmp_path):
    one = next(iter(living(small)))
    small.post("/_emulator/rows", {"table": "files", "id": one, "set": {"remote_location": "googledocs"}})
    records = run_tap(small.config(files_dir=str(tmp_path)), "file_contents").latest("file_contents")
    assert records.keys() == living(small).keys() - {one}


def test_the_folder_setting_is_required(small):
    with pytest.raises(ConfigError, match="the setting files_dir is missing"):
        run_tap(small.config(), "file_contents")
    assert downloads(small) == 0


def test_a_folder_that_cannot_be_written_to_is_named(small, tmp_path):
    (tmp_path / "taken").write_text("a file, not a folder", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"Setting files_dir: cannot write to .*taken"):
        run_tap(small.config(files_dir=str(tmp_path / "taken")), "file_contents")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("offer.pdf", "7-offer.pdf"),
        ("../../etc/passwd", "7-_._etc_passwd"),
        ("/etc/passwd", "7-_etc_passwd"),
        ("C:\\temp\\x.txt", "7-C__temp_x.txt"),
        ("..", "7"),
        ("", "7"),
        ("  . ", "7"),
        ("a\x00b\nc.txt", "7-a_b_c.txt"),
        ("gpj.\u202efdp.exe", "7-gpj._fdp.exe"),
        ("\u00fcber größe.PDF", "7-\u00fcber größe.PDF"),
        ("u\u0308.txt", "7-\u00fc.txt"),
        (".htaccess", "7-htaccess"),
        ("\ud83d", "7-_"),
        ("x" * 500 + ".pdf", "7-" + "x" * 176 + ".pdf"),
        ("\u4e2d" * 200 + ".docx", "7-" + "\u4e2d" * 58 + ".docx"),
        ("no." + "y" * 300, "7-no." + "y" * 177),
    ],
)
def test_file_names_cannot_leave_the_folder(tmp_path, name, safe):
    made = safe_name(7, name)
    assert made == safe
    (tmp_path / f"{made}.part").write_bytes(b"")
    assert (tmp_path / made).resolve().parent == tmp_path.resolve()


def test_a_large_file_is_never_in_memory(small, tmp_path):
    one = next(iter(living(small)))
    size = 64 << 20
    small.post("/_emulator/rows", {"table": "files", "id": one, "set": {"file_size": size}})
    config = small.config(files_dir=str(tmp_path), max_concurrency=2)
    run_tap(small.config(files_dir=str(tmp_path / "warm")), "users")
    tracemalloc.start()
    try:
        records = run_tap(config, "file_contents").latest("file_contents")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (tmp_path / records[one]["path"]).stat().st_size == size
    assert peak < size / 4
