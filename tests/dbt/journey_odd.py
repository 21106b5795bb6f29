"""Journeys no organisation would write, to reach every corner of the rules.

Data flow: a short notation -> YAML files as `journey` reads them -> Journeys.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from flows.configuration.journey_files import read_journey
from flows.configuration.journeys import Journey

STAGE = {
    "title": "Stage",
    "owner_type": "organisation",
    "owner_team": "office",
    "next_action": 'Say it\'s "time".',
    "expected_days": 10,
}
ODD = """
- {id: twice, version: 1, per: member, start: [{flag: high_intent}],
   stages: [a, b], done_when: [[{activity: email_sent}], [{flag: advocacy}]], times: [2, 1],
   expires: 200}
- {id: twice, version: 2, per: member, applies_from: "2025-10-01", start: [{flag: meaningful}],
   stages: [a, b, c], done_when: [[{flag: value_event}], [{activity: email_sent, days: 3},
   {activity: email_sent}], [{activity: speaker}]], times: [1, 3, 1], look_back: [40, 0, 0],
   owner_type: [shared, member, organisation], expires: 100}
- {id: single, version: 1, per: case, start: [{activity: case_opened}, {activity: case_reopened}],
   stages: [only], done_when: [[{activity: case_resolved}]], sla: [{hours: 8}], expires: 5}
- {id: patient, version: 1, per: case, start: [{activity: case_opened}], stages: [only],
   done_when: [[{activity: speaker}]], owner_type: [member], expires: 60}
- {id: overtaken, version: 1, per: term, start: [{milestone: renewal_due, days: -90},
   {milestone: lapsed}], stages: [a, b, c], done_when: [[{activity: email_sent, channel: web}],
   [{activity: email_sent, department: marketing}, {milestone: event_ends, event_kind: social}],
   [{milestone: renewed, days: 1}]], sla: [{days: 20, counted_from: start},
   {hours: 400, counted_from: start}, null], expires: 60,
   expires_when: [{activity: email_unsubscribed}], withdrawn_when: [{milestone: resigned}]}
- {id: rush, version: 1, per: event, start: [{milestone: event_starts, days: -20},
   {activity: event_registered}], stages: [a, b], done_when: [[{activity: email_opened}],
   [{milestone: event_ends}]], look_back: [365, 0], expires: 30,
   expires_when: [{milestone: event_starts}]}
"""


def odd_journeys(folder: Path) -> list[Journey]:
    """Journeys no organisation would write, through the same loader as all others."""
    folder.mkdir()
    found = []
    for number, said in enumerate(yaml.safe_load(ODD)):
        stages = []
        for index, name in enumerate(said["stages"]):
            stage = {**STAGE, "id": name, "done_when": said["done_when"][index]}
            for key, plural in (
                *(("times", "times"), ("look_back_days", "look_back")),
                *(("owner_type", "owner_type"), ("sla", "sla")),
            ):
                if plural in said:
                    stage[key] = said[plural][index]
            stages.append(stage)
        end = {"expires_after_days": said["expires"]}
        end |= {key: said[key] for key in ("expires_when", "withdrawn_when") if key in said}
        kept = {key: said[key] for key in ("id", "version", "per", "applies_from") if key in said}
        file = folder / f"{number}.yml"
        whole = {
            **kept,
            "title": "Odd",
            "outcome": "That's all.",
            "purpose": "marketing",
            "start": said["start"],
            "stages": stages,
            "success": [{"flag": "advocacy"}, {"activity": "email_sent"}],
            "end": end,
        }
        file.write_text(yaml.safe_dump(whole), encoding="utf-8")
        journey, marked = read_journey(file, file.name)
        assert journey, marked.problems
        found.append(journey)
    return found
