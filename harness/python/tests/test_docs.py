"""The Python of docs/python.md runs as it stands, in a folder with results of fig13."""

import pathlib
import re

PAGE = pathlib.Path(__file__).parents[3] / "docs" / "python.md"


def test_the_page_runs(made, monkeypatch):
    monkeypatch.chdir(made)
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 5
    names = {}
    for number, block in enumerate(blocks, 1):
        exec(compile(block, f"{PAGE.name}, block {number}", "exec"), names)
    for picture in ("timeline.png", "links.png"):
        assert (made / picture).stat().st_size > 10_000
