"""Tar files and Parquet tables of small photographs."""

import io
import tarfile

import pyarrow as pa
import pyarrow.parquet as pq

from helpers.photo_files import SMALL, encode

JPEG = encode(SMALL, "JPEG")


def jpeg(number):
    """A small JPEG that is different for each number."""
    return encode(SMALL // (1 + number % 7) + number % 5, "JPEG")


def tar_bytes(members, mode="w"):
    """A tar file of (name, content) or of ready TarInfo."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as tar:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                tar.addfile(member)
                continue
            name, content = member
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return file.getvalue()


def write_tar(path, members, mode="w"):
    path.write_bytes(tar_bytes(members, mode))
    return path


def write_table(path, columns, types=None, **options):
    """A Parquet table of columns of Python values."""
    types = types or {}
    arrays = {name: pa.array(values, types.get(name)) for name, values in columns.items()}
    pq.write_table(pa.table(arrays), path, **options)
    return path
