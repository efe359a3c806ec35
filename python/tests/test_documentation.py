"""What editors show, by the stub, is what `help` shows."""

import ast
import inspect
from pathlib import Path

import pytest

import lookhear

STUB = Path(lookhear.__file__).with_name("_lookhear.pyi")


def documented():
    """Names of classes and their members, with their documentation in the stub."""
    for item in ast.parse(STUB.read_text()).body:
        if isinstance(item, ast.ClassDef):
            yield item.name, ast.get_docstring(item)
            for member in item.body:
                # Of overloads the last one has it.
                if isinstance(member, ast.FunctionDef) and ast.get_docstring(member):
                    yield f"{item.name}.{member.name}", ast.get_docstring(member)


@pytest.mark.parametrize(("name", "expected"), list(documented()))
def test_stub_and_module_say_the_same(name, expected):
    found = lookhear
    for part in name.split("."):
        found = getattr(found, part)
    assert inspect.getdoc(found).split() == expected.split()


def test_everything_public_is_documented():
    for name in ("Event", "Model", "Session"):
        public = {member for member in vars(getattr(lookhear, name)) if not member.startswith("_")}
        in_stub = {entry.split(".")[1] for entry, _ in documented() if entry.startswith(f"{name}.")}
        assert public == in_stub
