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
    """load('scoring') is benchmarks/scoring.py."""

    def by_name(name: str) -> ModuleType:
        known = f"benchmark_{name}"
        if known not in sys.modules:
            spec = importlib.util.spec_from_file_location(known, FOLDER / f"{name}.py")
            assert spec
            assert spec.loader
            module = importlib.util.module_from_spec(spec)
            sys.modules[known] = module  # dataclasses look their module up
            spec.loader.exec_module(module)
        return sys.modules[known]

    return by_name


@pytest.fixture(scope="session")
def scoring(load):
    return load("scoring")


@pytest.fixture(scope="session")
def datasets(load):
    return load("datasets")


@pytest.fixture(scope="session")
def tables(load):
    return load("tables")
