"""What the stages use of NeMo Curator 1.4, which needs Ray and a scheduler: the same names, calls and refusals."""

import copy
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Generic, TypeVar

import pytest

Given = TypeVar("Given")
Made = TypeVar("Made")


@dataclass
class Resources:
    """What a worker of a stage gets."""

    cpus: float = 1.0
    gpus: float = 0.0


@dataclass
class ImageObject:
    """An image on its way through the stages."""

    image_path: str = ""
    image_id: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    image_bytes: bytes | None = None
    image_data: Any = None
    embedding: Any = None
    aesthetic_score: float | None = None
    nsfw_score: float | None = None


@dataclass
class ImageBatch:
    """A task: images that are handled together. Its id is the framework's to set."""

    dataset_name: str
    data: list[ImageObject] = field(default_factory=list)
    _stage_perf: list[Any] = field(default_factory=list)
    _metadata: dict[str, Any] = field(default_factory=dict)
    task_id: str = field(init=False, default="")


class ProcessingStage(ABC, Generic[Given, Made]):
    """A step of a pipeline; workers call `setup`, then `process_batch`."""

    name = "ProcessingStage"
    resources = Resources(cpus=1.0)
    batch_size = 1
    runtime_env = None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        own = vars(cls)
        if {"_name", "_resources", "_batch_size"} & set(own):
            raise TypeError(f"{cls.__name__} overrides what is final")
        if any(isinstance(own.get(name), property) for name in ("name", "resources", "batch_size", "runtime_env")):
            raise TypeError(f"{cls.__name__}: with_() cannot set a property")

    @abstractmethod
    def process(self, task: Given) -> Made | list[Made] | None: ...

    def inputs(self) -> tuple[list[str], list[str]]:
        return [], []

    def outputs(self) -> tuple[list[str], list[str]]:
        return [], []

    def setup_on_node(self, node_info: Any = None, worker_metadata: Any = None) -> None: ...

    def setup(self, worker_metadata: Any = None) -> None: ...

    def validate_input(self, task: Any) -> bool:
        attributes, columns = self.inputs()
        return all(hasattr(task, each) for each in attributes) and all(hasattr(task.data, each) for each in columns)

    def process_batch(self, tasks: list[Any]) -> list[Any]:
        done: list[Any] = []
        for task in tasks:
            if not self.validate_input(task):
                raise ValueError(f"{task} is no input of {self}")
            made = self.process(task)
            done += made if isinstance(made, list) else [] if made is None else [made]
        return done

    def with_(self, **changes: Any) -> Any:
        changed = copy.deepcopy(self)
        for name, value in changes.items():
            setattr(changed, name, value)
        return changed


def provide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make these what `import nemo_curator` gives, until the test ends."""
    modules = {
        "nemo_curator": {},
        "nemo_curator.stages": {},
        "nemo_curator.stages.base": {"ProcessingStage": ProcessingStage},
        "nemo_curator.stages.resources": {"Resources": Resources},
        "nemo_curator.tasks": {"ImageBatch": ImageBatch, "ImageObject": ImageObject},
    }
    for name, members in modules.items():
        module = ModuleType(name)
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, name, module)
