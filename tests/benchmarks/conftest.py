"""The benchmarks are scripts beside the package: their modules are loaded by path."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="session")
def load() -> Callable[[str], ModuleType]:
    """load('accuracy') is benchmarks/accuracy.py."""

    def by_name(name: str) -> ModuleType:
        known = f"benchmark_{name}"
        if known not in sys.modules:
            spec = importlib.util.spec_from_file_location(known, FOLDER / f"{name}.py")
            assert spec
            assert spec.loader
            module = importlib.util.module_from_spec(spec)
            sys.modules[known] = module  # dataclasses look their module up
            sys.path.insert(0, str(FOLDER))  # as it is for a script
            try:
                spec.loader.exec_module(module)
            finally:
                sys.path.remove(str(FOLDER))
        return sys.modules[known]

    return by_name
