"""Parquet tables: each row gives one, streamed, and what is wrong with the table is one line."""

import datetime
import random
import re
from base64 import b64decode, b64encode

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import beholder
from beholder.errors import BeholderError
from beholder.photos.listing.find import Unreadable
from beholder.scale import tables
from beholder.scale.carry import parse_carry
from beholder.scale.read import carried_types, read_rows
from beholder.scale.unit import Kind, Unit, UnitError
from helpers.tars import JPEG, jpeg, write_table

STRUCT = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def unit(path, row_groups=None):
    return Unit(path.stem, 0, Kind.PARQUET, str(path), row_groups)


def rows(path, column=None, carry="", row_groups=None):
    return list(read_rows(unit(path, row_groups), column=column, carry=parse_carry(carry) if carry else ()))


def sources(path, column=None):
    return [row.source for row in rows(path, column)]


def write_column(path, name, values, kind):
    try:
        pq.write_table(pa.table({name: pa.array(values, kind)}), path)
    except pa.ArrowNotImplementedError:
        pytest.skip(f"pyarrow {pa.__version__} writes no {kind}")


BYTES = [pa.binary(), pa.large_binary(), pa.binary(len(JPEG)), pa.binary_view(), pa.dictionary(pa.int32(), pa.binary())]


@pytest.mark.parametrize("kind", BYTES, ids=str)
def test_pictures_as_bytes(tmp_path, kind):
    write_column(tmp_path / "t.parquet", "image", [JPEG, None, JPEG], kind)
    picture, empty, again = sources(tmp_path / "t.parquet")
    assert picture == {"bytes": JPEG, "path": "row 0"} and again["bytes"] == JPEG
    assert empty == Unreadable("row 1", "row 1: has no picture; the column image is empty there")


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())]
)
def test_pictures_as_paths(tmp_path, kind):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(JPEG)
    given = [
        "photos/a.jpg",
        str(tmp_path / "photos" / "a.jpg"),
        "",
        None,
        "https://example.com/a.jpg",
        "data:image/png,x",
    ]
    write_column(tmp_path / "t.parquet", "file", given, kind)
    found = rows(tmp_path / "t.parquet", "file")
    assert [row.path for row in found] == [*given[:2], "row 2", "row 3", *given[4:]]
    results = list(beholder.score_photos("fast", [row.source for row in found]))
    assert [result.error is None for result in results] == [True, True, False, False, False, False]
    assert results[4].error.startswith("https://example.com/a.jpg: is an address, which is not fetched; ")


def test_pictures_as_hugging_face_writes_them(tmp_path):
    (tmp_path / "c.jpg").write_bytes(JPEG)
    given = [
        {"bytes": JPEG, "path": "a.jpg"}, {"bytes": JPEG, "path": None}, {"bytes": None, "path": "c.jpg"},
        {"bytes": None, "path": None}, None, {"bytes": None, "path": "s3://b/c.jpg"},
    ]  # fmt: skip
    found = rows(write_table(tmp_path / "t.parquet", {"image": given}, {"image": STRUCT}))
    assert [row.path for row in found] == ["a.jpg", "row 1", "c.jpg", "row 3", "row 4", "s3://b/c.jpg"]
    assert found[0].source == {"bytes": JPEG, "path": "a.jpg"}
    assert found[2].source == str(tmp_path / "c.jpg")
    assert [isinstance(row.source, Unreadable) for row in found] == [False, False, False, True, True, True]


def test_what_is_carried_keeps_its_type(tmp_path):
    time = datetime.datetime(2024, 5, 1, 12, 30, 0, 123456)
    columns = {
        "image": [JPEG, JPEG], "n": [1, None], "x": [0.5, float("nan")], "caption": ["a dog", "é"], "tags": [["a"], []],
        "exif": [{"iso": 100, "raw": b"\xff"}, None], "when": [time, None], "ok": [True, False], "b": [b"1", b"2"],
        "kind": pa.array(["cat", "dog"]).dictionary_encode(), "none": [None, None],
    }  # fmt: skip
    path = write_table(tmp_path / "t.parquet", columns, {"n": pa.int16(), "when": pa.timestamp("ns", "UTC")})
    carry = "n,x=score,caption,tags,exif,when,ok,b,kind,none"
    types = carried_types(unit(path), None, parse_carry(carry))
    assert types == {
        "n": pa.int16(), "score": pa.float64(), "caption": None, "tags": None, "exif": None,
        "when": pa.timestamp("us", "UTC"), "ok": pa.bool_(), "b": pa.binary(), "kind": None, "none": None,
    }  # fmt: skip
    first, second = (row.carried for row in rows(path, carry=carry))
    assert first == {
        "n": 1, "score": 0.5, "caption": "a dog", "tags": '["a"]', "exif": '{"iso": 100, "raw": "\\\\xff"}',
        "when": time.replace(tzinfo=datetime.UTC), "ok": True, "b": b"1", "kind": "cat", "none": None,
    }  # fmt: skip
    assert second["n"] is None and second["exif"] is None and second["caption"] == "é" and second["tags"] == "[]"
    for name, kind in types.items():
        assert pa.array([first[name], second[name]], kind or pa.string()).null_count <= 2


def test_text_that_is_not_utf8_is_carried_as_escapes(tmp_path):
    broken = pa.Array.from_buffers(pa.string(), 1, pa.array([b"caf\xe9"]).buffers())
    pq.write_table(pa.table({"image": [JPEG], "caption": broken}), tmp_path / "t.parquet")
    assert rows(tmp_path / "t.parquet", carry="caption")[0].carried == {"caption": "caf\\xe9"}


@pytest.mark.parametrize(
    ("column", "carry", "expected"),
    [
        (None, "", "has no column image; its columns are jpg, n: name one by --column"),
        ("none", "", "has no column none; its columns are jpg, n: name one by --column"),
        (
            "n",
            "",
            "the column n holds int64, where bytes, {bytes, path} or paths are expected; name another by --column",
        ),
        ("jpg", "m", "has no column m; its columns are jpg, n: name one by --carry"),
    ],
)
def test_a_wrong_column_ends_the_run_and_names_the_ones_there_are(tmp_path, column, carry, expected):
    path = write_table(tmp_path / "t.parquet", {"jpg": [JPEG], "n": [1]})
    for read in (rows, lambda *args: carried_types(unit(path), column, parse_carry(carry or "n"))):
        with pytest.raises(BeholderError, match=re.escape(f"{path}: {expected}")) as caught:
            read(path, column, carry)
        assert not isinstance(caught.value, UnitError)


def test_rows_are_numbered_in_the_whole_file(tmp_path):
    path = write_table(tmp_path / "t.parquet", {"image": [jpeg(number) for number in range(10)]}, row_group_size=3)
    assert [row.path for row in rows(path, row_groups=(1, 3))] == [f"row {number}" for number in range(3, 9)]
    assert len(rows(path)) == 10


def test_few_rows_are_read_at_once_of_large_pictures(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "BATCH_BYTES", 4 * len(JPEG))
    asked = []
    whole = pq.ParquetFile.iter_batches

    def iter_batches(self, batch_size, **options):
        asked.append(batch_size)
        return whole(self, batch_size, **options)

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", iter_batches)
    path = write_table(tmp_path / "t.parquet", {"image": [JPEG] * 30}, use_dictionary=False)
    assert len(rows(path)) == 30 and asked == [3]


def test_where_large_pictures_stand_together_rows_are_read_one_by_one(tmp_path, monkeypatch):
    """Arrow has no arrays of over 2 GB of such a column: it fails in the middle of a row group."""
    whole = pq.ParquetFile.iter_batches

    def iter_batches(self, batch_size, **options):
        for number, batch in enumerate(whole(self, batch_size, **options)):
            if batch_size > 1 and number == 2:
                raise pa.ArrowNotImplementedError("Nested data conversions not implemented for chunked array outputs")
            yield batch

    monkeypatch.setattr(tables, "BATCH_ROWS", 4)
    monkeypatch.setattr(pq.ParquetFile, "iter_batches", iter_batches)
    path = write_table(tmp_path / "t.parquet", {"image": [jpeg(n) for n in range(30)], "n": list(range(30))})
    assert [row.carried["n"] for row in rows(path, carry="n")] == list(range(30))


def whole_table(path):
    columns = {"image": [jpeg(number) for number in range(20)], "n": list(range(20))}
    return write_table(path, columns, row_group_size=7, write_page_checksum=True).read_bytes()


def test_a_cut_table_is_told(tmp_path):
    path = tmp_path / "t.parquet"
    content = whole_table(path)
    for size in range(0, len(content), 509):
        path.write_bytes(content[:size])
        with pytest.raises(UnitError) as caught:
            rows(path)
        message = str(caught.value)
        assert message.startswith(f"{path}: is not a whole Parquet file (") and message.endswith("); copy it again")
        assert message.isprintable()


def test_flipped_bytes_are_told_or_change_nothing_but_content(tmp_path):
    path, chance, outcomes = tmp_path / "t.parquet", random.Random(0), set()
    content = whole_table(path)
    for _ in range(200):
        damaged = bytearray(content)
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        try:
            outcomes.add(len(rows(path, carry="n")))
        except BeholderError as error:  # the name of a column is a byte, too
            assert str(error).isprintable()
            outcomes.add("told")
    assert outcomes == {"told", 20}


def test_an_encrypted_table_is_told(tmp_path):
    encryption = pytest.importorskip("pyarrow.parquet.encryption")

    class Keys(encryption.KmsClient):
        def wrap_key(self, key_bytes, master_key_identifier):
            return b64encode(key_bytes)

        def unwrap_key(self, wrapped_key, master_key_identifier):
            return b64decode(wrapped_key)

    factory = encryption.CryptoFactory(lambda _: Keys())
    settings = encryption.EncryptionConfiguration(footer_key="f", column_keys={"k": ["image"]})
    options = factory.file_encryption_properties(encryption.KmsConnectionConfig(), settings)
    path = write_table(tmp_path / "t.parquet", {"image": [JPEG]}, encryption_properties=options)
    with pytest.raises(UnitError, match=r"t.parquet: is encrypted, which is not read; write it without$"):
        rows(path)


def test_what_is_no_table_is_told(tmp_path):
    (tmp_path / "t.parquet").write_bytes(JPEG)
    with pytest.raises(UnitError, match="is not a whole Parquet file"):
        rows(tmp_path / "t.parquet")
    with pytest.raises(UnitError, match=r"no such file$"):
        rows(tmp_path / "none.parquet")
