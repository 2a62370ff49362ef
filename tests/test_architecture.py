"""The shape of the code, as tests: floors, plug-ins, sizes, names, environment, light start."""

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tuneful.core.registry import Registry

ROOT = Path(__file__).parent.parent
SRC = ROOT / "src" / "tuneful"
FILES = sorted(SRC.rglob("*.py"))
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}
EVERY_FILE = pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SRC)))

# A package imports only packages to its left, or itself.
FLOORS = [
    "core", "recipe", "data", "models", "grading", "methods", "planning", "training", "selecting",
    "evaluating", "auditing", "exporting", "serving", "monitoring", "submitting", "advising",
    "workflow", "__init__", "server", "studio", "cli", "__main__",
]  # fmt: skip
READS_ENVIRONMENT = {"core/environment.py", "recipe/load.py"}
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}
HEAVY = {
    "torch", "transformers", "datasets", "peft", "tokenizers", "safetensors", "gguf", "numpy",
    "pandas", "pyarrow", "pydantic", "rich", "huggingface_hub", "ruamel",
}  # fmt: skip


def module_of(path: Path) -> str:
    parts = path.relative_to(SRC.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def floor(module: str) -> int:
    parts = module.split(".")
    return FLOORS.index(parts[1] if len(parts) > 1 else "__init__")


def registries() -> dict[str, Registry[object]]:
    found: dict[str, Registry[object]] = {}
    for path in FILES:
        if path.name == "__init__.py" and "Registry(" in path.read_text(encoding="utf-8"):
            module = importlib.import_module(module_of(path))
            (table,) = [value for value in vars(module).values() if isinstance(value, Registry)]
            found[module.__name__] = table
    return found


EVERY_TABLE = pytest.mark.parametrize("package", sorted(registries()))


@EVERY_FILE
def test_imports_point_down(path: Path):
    own = floor(module_of(path))
    above = {name for name in imported(TREES[path]) if name.split(".")[0] == "tuneful"}
    assert sorted(name for name in above if floor(name) > own) == []


@EVERY_FILE
def test_files_stay_small(path: Path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


@EVERY_FILE
def test_functions_stay_small(path: Path):
    long = {
        node.name: lines
        for node in ast.walk(TREES[path])
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := code_lines(node)) > 40
    }
    assert long == {}


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring."""
    assert function.end_lineno is not None
    lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function) is None:
        return lines
    docstring = function.body[0]
    assert docstring.end_lineno is not None
    return lines - (docstring.end_lineno - docstring.lineno + 1)


@EVERY_FILE
def test_names_say_what_is_inside(path: Path):
    assert path.stem not in EMPTY_NAMES
    assert not EMPTY_NAMES & set(path.relative_to(SRC).parts)


@EVERY_FILE
def test_environment_is_read_in_two_places(path: Path):
    reads = [
        node.attr
        for node in ast.walk(TREES[path])
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
        and node.attr in {"environ", "getenv"}
    ]
    assert not reads or str(path.relative_to(SRC)) in READS_ENVIRONMENT


@pytest.mark.parametrize("path", sorted((SRC / "core").rglob("*.py")), ids=lambda p: p.name)
def test_core_needs_nothing_but_python(path: Path):
    roots = {name.split(".")[0] for name in imported(TREES[path])}
    assert roots - {"tuneful"} <= sys.stdlib_module_names


@EVERY_TABLE
def test_every_part_is_a_file_and_every_file_a_part(package: str):
    table = registries()[package]
    folder = SRC.parent / package.replace(".", "/")
    files = {path.stem for path in folder.glob("*.py")} - {"__init__", "base"}
    modules = {target.split(":")[0] for target in table.table.values()}
    assert modules == {f"{package}.{name}" for name in files}


@EVERY_TABLE
def test_every_part_can_be_had_by_its_name(package: str):
    table = registries()[package]
    assert all(table[name] is not None for name in table.table)


@EVERY_TABLE
def test_parts_do_not_lean_on_their_siblings(package: str):
    for path in (SRC.parent / package.replace(".", "/")).glob("*.py"):
        if path.stem in {"__init__", "base"}:
            continue
        inside = {n for n in imported(TREES[path]) if n.startswith(package + ".")}
        assert inside <= {package + ".base"}, path.name


def test_every_library_that_is_imported_is_declared_and_used():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    lines = [line for name in extras if name not in {"dev", "bench"} for line in extras[name]]
    optional, declared = names_of(lines), names_of(project["dependencies"])
    owners = packages_distributions()
    roots = {name.split(".")[0] for tree in TREES.values() for name in imported(tree)}
    roots -= {"tuneful", "__future__"} | sys.stdlib_module_names
    used = {canonical(owners[root][0]) for root in roots}
    # These come with a declared library, which promises the part of them that is used here.
    with_others = {"huggingface-hub", "jinja2", "nvidia-ml-py"}
    assert used - declared - optional <= with_others
    # transformers imports it by itself to read .gguf files.
    assert (declared | optional) - used == {"gguf"}


def names_of(requirements: list[str]) -> set[str]:
    return {canonical(re.split(r"[<>=\[]", line)[0]) for line in requirements}


def canonical(name: str) -> str:
    return name.strip().lower().replace("_", "-").replace(".", "-")


HELP = """
import sys
from tuneful.cli.main import main
try: main(["--help"])
except SystemExit: pass
heavy = sorted({name.split(".")[0] for name in sys.modules} & set(sys.argv[1].split(",")))
print(f"\\n{len(sys.modules)} {heavy}")
"""


def test_help_is_light():
    command = [sys.executable, "-c", HELP, ",".join(HEAVY)]
    out = subprocess.run(command, capture_output=True, text=True, check=True)
    count, _, heavy = out.stdout.splitlines()[-1].partition(" ")
    assert heavy == "[]"
    # Modules are counted, not seconds: it takes 0.05 s with these, and a test must not be timed.
    assert int(count) < 150
