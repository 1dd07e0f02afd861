#!/usr/bin/env python3
"""Circles of source files: files of one crate that import each other in a ring, so that none can be read or built first.

Prints every circle with its imports, and fails when one is longer than its crate's limit below. Tests do not count. An import
counts against the file that defines the name, however many re-exports lie between. A parent that only declares and re-exports a
child does not import it; one that uses the child's items in its own code does.

This is a reader of paths, not a compiler: it sees `use` items and paths that begin with `crate`, `super`, `self` or a child
module. It does not see what macros make, nor methods that need no import (an `impl` that is split over files).
"""

import pathlib
import re
import sys

# The longest circle allowed per crate; 1 means none. Lower a number when a circle has been opened, never raise one.
LIMITS = {"datasets": 1, "emulator": 1, "emulator/base": 1, "gaia-core": 1, "harness": 1, "harness/record": 1, "harness/planning": 1, "harness/running": 1, "harness/paper": 1, "harness/fit": 1}

NOISE = re.compile(
    r"""//[^\n]* | /\*.*?\*/ | b?r(?P<fence>\#*)".*?"(?P=fence) | b?"(?:\\.|[^"\\])*" | b?'(?:\\[^']+|[^'\\])'""",
    re.VERBOSE | re.DOTALL,
)
TEST = re.compile(r"#\[cfg\((?:test|all\(test\b[^\]]*)\)\]")
USE = re.compile(r"(?P<public>\bpub(?:\([^)]*\))?\s+)?\buse\s+(?P<tree>[^;]+);")
PATH = re.compile(r"(?<![\w:$])\$?(\w+(?:\s*::\s*\w+)+)")

Path = tuple[str, ...]


def end_of_item(text: str, start: int) -> int:
    """The end of the item at `start`: its semicolon, or the brace that closes it."""
    depth = 0
    for position in range(start, len(text)):
        letter = text[position]
        if letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
            if depth == 0 and letter == "}":
                return position + 1
        elif letter == ";" and depth == 0:
            return position + 1
    return len(text)


def code(text: str) -> tuple[str, set[str]]:
    """The text without comments, strings and tests, and the names of the modules that are tests."""
    text = NOISE.sub(lambda found: '""' if '"' in found[0] else " ", text)
    tests = set()
    while found := TEST.search(text):
        end = end_of_item(text, found.end())
        tests.update(re.findall(r"\bmod\s+(\w+)\s*;", text[found.end() : end]))
        text = text[: found.start()] + text[end:]
    return text, tests


def leaves(tree: str) -> list[tuple[Path, str]]:
    """The paths of a `use` tree, each with the name that it gives."""
    tree = tree.strip()
    if "{" in tree:
        head, _, rest = tree.partition("{")
        prefix = tuple(part.strip() for part in head.split("::") if part.strip())
        found, depth, part = [], 0, ""
        for letter in rest.rsplit("}", 1)[0] + ",":
            depth += (letter == "{") - (letter == "}")
            if letter == "," and depth == 0:
                found += [(prefix + path, name) for path, name in leaves(part)] if part.strip() else []
                part = ""
            else:
                part += letter
        return found
    path, _, alias = tree.partition(" as ")
    parts = tuple(part.strip() for part in path.split("::"))
    name = alias.strip() or (parts[-1] if parts[-1] != "self" else "")
    return [(parts, name)]


class Module:
    """A file of a crate, by its path from the root."""

    def __init__(self, path: Path, file: pathlib.Path):
        self.path = path
        self.file = file
        text, self.tests = code(file.read_text())
        self.uses = [
            (leaf, name, bool(found["public"])) for found in USE.finditer(text) for leaf, name in leaves(found["tree"])
        ]
        self.rest = USE.sub(" ", text)
        self.names = {name: leaf for leaf, name, _ in self.uses if name not in ("", "_", "*")}
        self.globs = [leaf[:-1] for leaf, name, _ in self.uses if name == "*"]


class Crate:
    """The modules of a crate, and what each imports."""

    def __init__(self, source: pathlib.Path):
        self.source = source
        self.modules: dict[Path, Module] = {}
        for file in sorted(source.rglob("*.rs")):
            parts = file.relative_to(source).with_suffix("").parts
            if parts[0] in ("bin", "main"):
                continue
            path = parts[:-1] if parts[-1] in ("mod", "lib") else parts
            self.modules[path] = Module(path, file)
        for module in list(self.modules.values()):
            for test in module.tests:
                self.modules.pop((*module.path, test), None)

    def resolve(self, base: Path, path: Path, depth: int = 0) -> Path | None:
        """The module that defines what `path` names in the module `base`; none outside of the crate."""
        at = base
        parts = list(path)
        if parts[0] == "crate":
            at, parts = (), parts[1:]
        elif parts[0] in ("self", "super"):
            while parts and parts[0] in ("self", "super"):
                at = at[:-1] if parts[0] == "super" else at
                parts = parts[1:]
        elif (*base, parts[0]) not in self.modules:
            return None
        for part in parts:
            if part in ("self", "*"):
                break
            if (*at, part) in self.modules:
                at = (*at, part)
                continue
            return self.defining(at, part, depth)
        return at

    def defining(self, at: Path, name: str, depth: int) -> Path:
        """The module that defines `name`, seen from the module `at`."""
        module = self.modules[at]
        if depth < 8 and name in module.names:
            return self.resolve(at, module.names[name], depth + 1) or at
        for glob in module.globs if depth < 8 else []:
            target = self.resolve(at, glob, depth + 1)
            if target and target != at and re.search(rf"\b{name}\b", self.modules[target].rest):
                return self.defining(target, name, depth + 1)
        return at

    def imports(self, module: Module) -> set[Path]:
        """The modules whose items a module uses."""
        words = set(re.findall(r"\w+", module.rest))
        found = set()
        for leaf, name, public in module.uses:
            target = self.resolve(module.path, leaf)
            below = target is not None and target[: len(module.path)] == module.path
            if not (public and below and name not in words):
                found.add(target)
        for path in PATH.findall(module.rest):
            found.add(self.resolve(module.path, tuple(part.strip() for part in path.split("::"))))
        return found - {None, module.path}

    def name(self, path: Path) -> str:
        return str(self.modules[path].file.relative_to(self.source))


def circles(edges: dict[Path, set[Path]]) -> list[list[Path]]:
    """The strongly connected components of more than one node (Tarjan 1972), the longest first."""
    index: dict[Path, int] = {}
    low: dict[Path, int] = {}
    stack: list[Path] = []
    found = []

    def visit(node: Path) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(edges[node]):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            component = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(component) > 1:
                found.append(sorted(component))

    for node in sorted(edges):
        if node not in index:
            visit(node)
    return sorted(found, key=len, reverse=True)


def main() -> int:
    failed = False
    for name, limit in LIMITS.items():
        crate = Crate(pathlib.Path(name) / "src")
        edges = {path: crate.imports(module) for path, module in crate.modules.items()}
        found = circles(edges)
        longest = len(found[0]) if found else 1
        for circle in found:
            print(f"{name}: a circle of {len(circle)} files")
            for path in circle:
                print(f"  {crate.name(path)} -> {', '.join(crate.name(to) for to in sorted(edges[path] & set(circle)))}")
        print(f"{name}: {len(edges)} files, the longest circle has {longest} (limit {limit})")
        if longest > limit:
            print(f"{name}: a circle is longer than the limit; open it, or import from where both can reach", file=sys.stderr)
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
