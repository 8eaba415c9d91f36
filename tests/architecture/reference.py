"""
Writes the pages of docs/reference that list public names, from docstrings: ``python -m tests.architecture.reference``.

Sources are parsed, not imported, so that no vendor package is needed; only the routes of the server are looked at as they are. ``test_reference`` compares the pages with what this makes.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import plait
from plait_core import hookspecs
from tests.architecture.layout import ROOT
from tests.plugins.server.api_page import api_page

FOLDER = ROOT / "docs/reference"
CORE = ROOT / "core/src/plait_core"
PACKAGES = {
    "authoring": "What declarations are built on.",
    "types": "Conversions between Python and literals.",
    "ports": "What plugins implement and the engine awaits.",
    "ir": "The data that everything speaks in.",
    "errors": "What can go wrong; every error says whose move it is and what to try.",
    "testing": "Twins of the ports, conformance suites, simulated time and clusters.",
}
MADE = "<!-- Written by `poe docs` from docstrings; edit those. -->"


def pages() -> dict[Path, str]:
    """Make every page."""
    made = {FOLDER / f"{package}.md": package_page(package) for package in PACKAGES}
    return {
        FOLDER / "plait.md": names_page(),
        FOLDER / "hooks.md": hooks_page(),
        FOLDER / "http-api.md": api_page(MADE.replace("docstrings", "the server's routes")),
        **made,
    }


def names_page() -> str:
    """List what ``import plait`` offers."""
    rows = [f"| `{name}` | {summary(getattr(plait, name).__doc__)} |" for name in plait.__all__]
    return page("plait", "What authors of workflows import.", "\n".join(["| name | |", "|---|---|", *rows]))


def hooks_page() -> str:
    """List the hooks in calling order, with what their docstrings promise."""
    hooks = [value for name, value in vars(hookspecs).items() if name.startswith("plait_")]
    parts = []
    for hook in hooks:
        first, _, rest = (hook.__doc__ or "").strip().replace("``", "`").partition("\n\n")
        promises = [line.strip() for line in rest.splitlines() if line.strip()]
        listed = "\n".join(
            f"- **{word}**: {text.strip()}" for word, _, text in (line.partition(":") for line in promises)
        )
        parts.append(f"## {hook.__name__}\n\n{first}\n\n{listed}")
    return page("Hooks", "In calling order; `plait_core.hookspecs`.", "\n\n".join(parts))


def package_page(package: str) -> str:
    """List the public names of each module of a package of core."""
    paths = [path for path in (CORE / package).iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()]
    parts = [part for path in sorted(paths) if (part := module_part(path, package))]
    return page(f"plait_core.{package}", PACKAGES[package], "\n\n".join(parts))


def module_part(path: Path, package: str) -> str:
    """List one module, or what a folder of modules offers as one; empty for what is private or declares nothing."""
    if path.stem.startswith("_") and path.stem not in {"__init__", "_root"}:
        return ""
    if path.is_dir():
        module = ast.parse((path / "__init__.py").read_text())
        parts = [ast.parse(part.read_text()) for part in sorted(path.glob("[!_]*.py"))]
        names = [row for part in parts for row in declared(part) if row[0] in offered(module)]
    else:
        module = ast.parse(path.read_text())
        names = list(declared(module))
    rows = [f"| `{name}` | {text} |" for name, text in names]
    if not rows:
        return ""
    name = f"plait_core.{package}" if path.stem in {"__init__", "_root"} else f"plait_core.{package}.{path.stem}"
    return "\n".join([f"## {name}", "", summary(ast.get_docstring(module)), "", "| name | |", "|---|---|", *rows])


def declared(module: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield (name, summary) of public classes and functions, and of constants that have a docstring below them."""
    for node, following in zip(module.body, [*module.body[1:], None], strict=True):
        match node, following:
            case ((ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name)), _):
                text = ast.get_docstring(node)
            case (
                ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                pass
            case _:
                continue
        if text and not name.startswith("_"):
            yield name, summary(text)


def offered(module: ast.Module) -> list[str]:
    """Return the ``__all__`` of a module."""
    (names,) = [node.value for node in module.body if isinstance(node, ast.Assign)]
    return [str(name) for name in ast.literal_eval(names)]


def summary(docstring: str | None) -> str:
    """Return the first paragraph on one line, fit for a cell of a table."""
    first = (docstring or "").strip().partition("\n\n")[0]
    return " ".join(first.split()).replace("``", "`").replace("|", "\\|")


def page(title: str, lead: str, body: str) -> str:
    """Put a page together."""
    return f"# {title}\n\n{MADE}\n\n{lead}\n\n{body}\n"


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text)
