"""The example of docs/how-to/journeys.md, taken from the page itself.

Data flow: the page -> its journey, the life it tells as a Story with rows, its question and answer.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from journey_oracle import Milestone, Story, Touch, midnight
from journey_stories import Rows

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "journeys.md").read_text("utf-8")
(YAML,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
((QUESTION, ANSWER),) = re.findall(r"```sql\n(.*?)```\n\n((?:\|[^\n]*\n)+)", PAGE, re.DOTALL)
(SAID,) = re.findall(r"```text\n(.*?)\n```", PAGE, re.DOTALL)
_LIFE = re.findall(r"^\| (\d{4}-\d\d-\d\d) \| (\w+)(?:, (\w+))? \|$", PAGE, re.MULTILINE)


def cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.strip("|\n").split("|"))


def story(rows: Rows) -> Story:
    """The person of the page; adds the rows that say the same."""
    anna, spell = Story("anna"), "anna-s1"
    rows["dim_member"].append((anna.key, True, False, None))
    for day, name, purpose in _LIFE:
        on = date.fromisoformat(day)
        if name == "first_join":
            anna.milestones.append(Milestone(midnight(on), name, {"spell": spell}))
            rows["fct_member_spell"].append((anna.key, spell, 1, "join", on))
            continue
        anna.touches.append(Touch(midnight(on), name, purpose or None))
        rows["fct_touchpoint"].append(
            (anna.key, "x", None, None, name, purpose or None, "events", "web", midnight(on))
        )
    return anna
