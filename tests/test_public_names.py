"""What `import beholder` gives, and what it leaves unloaded."""

import subprocess
import sys

import pytest

import beholder


def test_every_public_name_is_there() -> None:
    names: dict[str, object] = {}
    exec("from beholder import *", names)
    assert set(beholder.__all__) <= set(names) and set(beholder.__all__) <= set(dir(beholder))
    assert all(names[name] is getattr(beholder, name) for name in beholder.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'no_such_name'"):
        beholder.no_such_name  # noqa: B018


def test_import_is_light() -> None:
    heavy = "{'onnxruntime', 'torch', 'rich', 'typer', 'pandas', 'concurrent.futures'}"
    program = f"import sys; import beholder; print(sorted({heavy} & {{*sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
