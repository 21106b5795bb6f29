"""The first page of the Data Docs: every check in one table, readable without a network.

Data flow: CheckResults -> data/docs/gx/checks.html, linking to Great Expectations' own pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Checks of the night</title>
<style>
body { font: 15px/1.5 Inter, "Segoe UI", Helvetica, Arial, sans-serif; color: #1d2939;
  max-width: 1000px; margin: 32px auto; padding: 0 20px; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: 6px 16px 6px 0; border-bottom: 1px solid #e4e7ec; }
td.n, th.n { text-align: right; }
.ok { color: #1c7c45; } .warned { color: #b26b00; } .failed { color: #b42318; }
</style></head><body>
<h1>Checks of the night</h1>
<p>What was expected of landed data and of what leaves the house. Values are never shown.</p>
<table><tr><th>Check</th><th class="n">Rows</th><th class="n">Expectations</th><th>Result</th></tr>
{% for check in checks %}
<tr><td>{% if check.link %}<a href="{{ check.link }}">{{ check.result.name }}</a>
{%- else %}{{ check.result.name }}{% endif %}</td>
<td class="n">{{ "{:,}".format(check.result.rows) }}</td>
<td class="n">{{ check.result.evaluated }}</td>
<td>{% for text in check.result.failed %}<div class="failed">failed: {{ text }}</div>{% endfor %}
{% for text in check.result.warned %}<div class="warned">warning: {{ text }}</div>{% endfor %}
{% if not check.result.failed and not check.result.warned %}<span class="ok">passed</span>
{%- endif %}</td></tr>
{% endfor %}
</table></body></html>
"""


@dataclass(frozen=True)
class CheckResult:
    """One suite on one frame. `failed` must stop the run, `warned` is only told to somebody."""

    name: str
    rows: int
    evaluated: int
    failed: tuple[str, ...]
    warned: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.failed


def write_first_page(folder: Path, results: Sequence[CheckResult]) -> Path:
    """Writes checks.html into `folder`, beside the pages Great Expectations made; returns it."""
    checks = []
    for result in results:
        pages = sorted(folder.glob(f"validations/**/night-{result.name}.html"))
        link = pages[-1].relative_to(folder).as_posix() if pages else ""
        checks.append({"result": result, "link": link})
    page = folder / "checks.html"
    page.write_text(Environment(autoescape=True).from_string(_PAGE).render(checks=checks), "utf-8")
    return page
