"""Units: sorted, named apart, split where they are large; and names that stand for many files."""

import os

import pytest

from beholder.errors import BeholderError
from beholder.scale import units
from beholder.scale.carry import Carry, parse_carry
from beholder.scale.names import expand, expand_braces
from beholder.scale.read import input_id, input_sha256, read_rows
from beholder.scale.shard import Shard, default_shard, parse_shard, shard_of
from beholder.scale.unit import Kind
from beholder.scale.units import is_unit_name, list_units
from helpers.tars import JPEG, jpeg, write_table, write_tar

PLAIN = {"compression": "none", "use_dictionary": False}


def named(paths, **options):
    return [unit.name for unit in list_units([str(path) for path in paths], **options)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("{00008..00010}.tar", ["00008.tar", "00009.tar", "00010.tar"]),
        ("{8..10}", ["8", "9", "10"]),
        ("{2..0}", ["2", "1", "0"]),
        ("{-1..1}", ["-1", "0", "1"]),
        ("s3://b/{a,b}/{0..1}.tar", ["s3://b/a/0.tar", "s3://b/a/1.tar", "s3://b/b/0.tar", "s3://b/b/1.tar"]),
        ("{a,b{0..1}}", ["a", "b0", "a", "b1"]),
        ("{x}{}{a..b}", ["{x}{}{a..b}"]),
        ("{x}{0..1}", ["{x}0", "{x}1"]),
        ("plain", ["plain"]),
    ],
)
def test_braces(name, expected):
    assert list(expand_braces(name)) == expected


@pytest.mark.parametrize("name", ["{0..999999999}.tar", "{0..9999}{0..9999}.tar"])
def test_braces_that_stand_for_too_many_names(name):
    with pytest.raises(BeholderError, match="stands for more than 1,000,000 names; give a smaller range"):
        expand(name)


def test_patterns_must_match_and_names_need_not(tmp_path):
    for name in ("a.tar", "b.tar", "[x].tar", "{0..1}.tar"):
        (tmp_path / name).write_bytes(b"")
    given = str(tmp_path)
    assert expand(f"{given}/?.tar") == [f"{given}/a.tar", f"{given}/b.tar"]
    assert expand(f"{given}/[x].tar") == [f"{given}/[x].tar"]
    assert expand(f"{given}/{{0..1}}.tar") == [f"{given}/{{0..1}}.tar"]
    assert expand(f"{given}/{{a,c}}.tar") == [f"{given}/a.tar", f"{given}/c.tar"]
    with pytest.raises(BeholderError, match="no file matches this pattern"):
        expand(f"{given}/{{a*,c*}}.tar")


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("a.tar", True), ("A.TAR", True), ("a.tar.gz", True), ("a.tgz", True), ("a.tar.bz2", True), ("a.tar.xz", True),
        ("t.parquet", True), ("{0..9}.tar", True), ("t.{tar,parquet}", True), ("x/*.tar", True), ("s3://b", True),
        ("https://x.org/a.tar?key=1", True), ("a.jpg", False), ("photos", False), ("-", False), ("a.gz", False),
        ("{a,b}.jpg", False), ("file:///tmp/a.tar", True), ("file:///tmp", False),
    ],
)  # fmt: skip
def test_what_is_a_unit(path, is_one):
    assert is_unit_name(path) == is_one


def test_a_folder_that_is_called_as_a_tar_is_a_folder(tmp_path):
    (tmp_path / "a.tar").mkdir()
    (tmp_path / "a.tar" / "x.jpg").write_bytes(JPEG)
    assert not is_unit_name(str(tmp_path / "a.tar"))
    (unit,) = list_units([str(tmp_path / "a.tar")])
    assert (unit.kind, unit.files) == (Kind.FOLDER, ("x.jpg",))


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["x/00001.tar", "x/00000.tar", "x/00000.tar", "./x/00000.tar"], ["00000", "00001"]),
        (["x/a/0.tar", "x/b/0.tar"], ["a/0", "b/0"]),
        (["x/0.tar", "x/0.tgz", "x/1.tar.gz"], ["0.tar", "0.tgz", "1"]),
        (["0.tar", "../0.tar"], None),
        (["s3://b/k/0.tar", "s3://b/k/1.parquet"], ["0", "1"]),
        (["s3://b/0.tar", "gs://b/0.tar"], ["gs/b/0", "s3/b/0"]),
        (["https://x.org/0.tar?secret=1", "https://x.org/0.tar?secret=2"], ["0.tar", "0.tar~2"]),
        (["s3://b/../0.tar", "s3://b/x/1.tar"], ["0", "x/1"]),
        (["x/.tar"], [".tar"]),
    ],
)
def test_names_are_unique_and_lead_nowhere_else(paths, expected, monkeypatch):
    monkeypatch.setattr(units, "_splits", lambda paths: {})  # s3:// is not asked
    found = named(paths)
    assert expected is None or found == expected
    assert len(set(found)) == len(found)
    assert all(name and not name.startswith("/") and ".." not in name.split("/") for name in found)


def test_units_are_numbered_in_order(tmp_path):
    for name in ("b.tar", "a.parquet"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "x.jpg").write_bytes(JPEG)
    (tmp_path / "y.jpg").write_bytes(JPEG)
    found = list_units([str(tmp_path / name) for name in ("photos", "b.tar", "y.jpg", "a.parquet", "missing.jpg")])
    assert [(unit.index, unit.name.removeprefix(f"{tmp_path.name}/"), unit.kind, unit.files) for unit in found] == [
        (0, tmp_path.name, Kind.FOLDER, ("missing.jpg", "y.jpg")), (1, "a", Kind.PARQUET, ()), (2, "b", Kind.TAR, ()),
        (3, "photos", Kind.FOLDER, ("x.jpg",)),
    ]  # fmt: skip


def test_a_pattern_passes_over_what_is_beside_shards(tmp_path):
    for name in ("0.tar", "0_stats.json", "0.txt", "in/a.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(JPEG)
    assert named([tmp_path / "*"]) == ["0", "in"]
    with pytest.raises(
        BeholderError, match=r"0.txt: is neither a tar file, a Parquet table nor a photograph by its name"
    ):
        named([tmp_path / "0.txt"])
    with pytest.raises(BeholderError, match="finds no tar files, tables, photographs or folders"):
        named([tmp_path / "*.txt"])


def test_a_large_folder_becomes_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(units, "FOLDER_ROWS", 3)
    (tmp_path / "in").mkdir()
    for number in range(7):
        (tmp_path / "in" / f"{number}.jpg").write_bytes(jpeg(number))
    (tmp_path / "in" / ".hidden.jpg").write_bytes(JPEG)
    (tmp_path / "7.jpg").write_bytes(jpeg(7))
    found = list_units([str(tmp_path)], recursive=True)
    assert [unit.name.removeprefix(tmp_path.name) for unit in found] == ["-00000", "-00001", "-00002"]
    assert [row.path for unit in found for row in read_rows(unit)] == [
        "7.jpg", *(os.path.join("in", f"{number}.jpg") for number in range(7)),
    ]  # fmt: skip


def test_a_large_table_becomes_ranges_of_row_groups(tmp_path, monkeypatch):
    path = write_table(
        tmp_path / "big.parquet", {"image": [bytes([n]) * 5000 for n in range(10)]}, **PLAIN, row_group_size=2
    )
    small = write_table(tmp_path / "small.parquet", {"image": [bytes(5000)]}, **PLAIN)
    monkeypatch.setattr(units, "RANGE_BYTES", 25_000)
    found = list_units([str(path), str(small)])
    assert [(unit.name, unit.row_groups) for unit in found] == [
        ("big-00000", (0, 2)), ("big-00002", (2, 4)), ("big-00004", (4, 5)), ("small", None),
    ]  # fmt: skip
    assert [row.path for unit in found[:3] for row in read_rows(unit)] == [f"row {n}" for n in range(10)]
    assert len({input_sha256(unit) for unit in found[:3]}) == 1
    path.write_bytes(path.read_bytes()[:-9])  # what cannot be looked at fails when it is read
    assert [unit.row_groups for unit in list_units([str(path)])] == [None]


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ([], "no photographs in this folder; --recursive looks into the folders inside it"),
        (["0.tar"], r"no photographs in this folder, but .tar files: name them as '.*\*.tar'"),
    ],
)
def test_a_folder_without_photographs_is_told(tmp_path, inside, expected):
    for name in inside:
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(BeholderError, match=expected):
        list_units([str(tmp_path), "a.tar"])
    with pytest.raises(BeholderError, match=r"none: no such file; look at its name"):
        list_units([str(tmp_path / "none"), "a.tar"])


def test_files_beside_photographs_are_carried(tmp_path):
    for name, content in (("a.jpg", JPEG), ("a.txt", b"a dog"), ("a.json", b'{"url": "u"}'), ("b.jpg", JPEG)):
        (tmp_path / name).write_bytes(content)
    (unit,) = list_units([str(tmp_path)])
    found = [row.carried for row in read_rows(unit, carry=parse_carry("caption,url"))]
    assert found == [{"caption": "a dog", "url": "u"}, {"caption": None, "url": None}]


def test_what_an_input_was_is_told(tmp_path):
    path = write_tar(tmp_path / "a.tar", [("a.jpg", JPEG)])
    (tmp_path / "b.jpg").write_bytes(JPEG)
    tar, folder = list_units([str(tmp_path / "b.jpg"), str(path)])[::-1]
    first = input_id(tar), input_sha256(tar), input_id(folder)
    os.utime(path, ns=(0, 0))
    assert input_id(tar) != first[0] and input_sha256(tar) == first[1]
    (tmp_path / "b.jpg").write_bytes(JPEG + b"x")
    assert input_id(folder).sha256 != first[2].sha256


def test_carry():
    assert parse_carry("caption, width = w") == (Carry("caption", "caption"), Carry("width", "w"))
    for text in ("", "a,,b", "a=", "=b", "a,a", "a,b=a"):
        with pytest.raises(BeholderError, match=r"^--carry"):
            parse_carry(text)


def test_shards_share_all_units_and_none_twice():
    found = list_units(["{00..22}.tar"])
    parts = [shard_of(found, Shard(index, 5)) for index in range(5)]
    assert sorted(unit.index for part in parts for unit in part) == list(range(23))
    assert [unit.index for unit in parts[3]] == [3, 8, 13, 18]


@pytest.mark.parametrize("text", ["64/64", "-1/4", "1", "1/0", "a/b", "1/2/3", "", "٣/٤"])
def test_a_shard_out_of_range_or_written_otherwise(text):
    with pytest.raises(BeholderError, match=r"^--shard"):
        parse_shard(text)


SLURM = {"SLURM_ARRAY_TASK_ID": "5", "SLURM_ARRAY_TASK_COUNT": "4"}


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "None"),
        (SLURM | {"SLURM_ARRAY_TASK_ID": "3"}, "3/4"),
        (SLURM | {"SLURM_ARRAY_TASK_MIN": "3"}, "2/4"),
        (SLURM | {"SLURM_ARRAY_TASK_MIN": "1", "SLURM_ARRAY_TASK_STEP": "2"}, "2/4"),
        ({"JOB_COMPLETION_INDEX": "0", "JOB_COMPLETIONS": "8"}, "0/8"),
        (SLURM, "SLURM_ARRAY_TASK_ID=5 of 4 tasks: is out of range, as shards are 0/4 to 3/4"),
        (SLURM | {"SLURM_ARRAY_TASK_STEP": "2"}, "SLURM_ARRAY_TASK_ID=5 is not among 0, 2, ..."),
        (SLURM | {"SLURM_ARRAY_TASK_COUNT": "many"}, "SLURM_ARRAY_TASK_COUNT=many: is not a number"),
        ({"SLURM_ARRAY_TASK_ID": "5"}, "SLURM_ARRAY_TASK_ID is set, but not SLURM_ARRAY_TASK_COUNT"),
        ({"JOB_COMPLETION_INDEX": "0"}, "JOB_COMPLETION_INDEX is set, but not JOB_COMPLETIONS"),
        ({"JOB_COMPLETION_INDEX": "8", "JOB_COMPLETIONS": "8"}, "out of range, as shards are 0/8 to 7/8"),
    ],
)
def test_the_shard_of_a_scheduler(environ, expected):
    try:
        told = str(default_shard(environ))
    except BeholderError as error:
        told = str(error)
    assert expected in told
