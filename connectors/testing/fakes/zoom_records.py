"""Completes stored Zoom records to what the API returns.

Data flow: record body of the store -> complete_* -> JSON of the API.

The store holds the fields that matter here; what else the API sends (links, agendas, comments,
answers, names of participants) is added, because a connector must leave it out by itself.
"""

from __future__ import annotations

from typing import Any

Body = dict[str, Any]


def complete_user(body: Body) -> Body:
    return {
        "first_name": "Harriet",
        "last_name": "Host",
        "email": f"{body['id'].lower()}@example.org",
        "type": 2,
        "status": "active",
        "dept": "",
        "created_at": "2020-01-01T00:00:00Z",
        **{name: value for name, value in body.items() if name != "has_plan"},
    }


def complete_webinar(body: Body) -> Body:
    return {
        "type": 5,
        "duration": 60,
        "timezone": "Europe/Berlin",
        "agenda": "An agenda nobody needs",
        "join_url": f"https://zoom.us/j/{body['id']}",
        "is_simulive": False,
        **body,
    }


def complete_registrant(body: Body) -> Body:
    return {
        "address": "Example Street 1",
        "city": "Exampletown",
        "comments": "A comment nobody needs",
        "custom_questions": [{"title": "Diet", "value": "An answer nobody needs"}],
        "industry": "",
        "job_title": "Chief Example",
        "org": "Example Ltd",
        "phone": "",
        "join_url": "https://zoom.us/w/1?tk=registrant-token",
        **body,
    }


def complete_instance(body: Body) -> Body:
    return {
        "type": 5,
        "participants_count": 2,
        "total_minutes": 60,
        "user_name": "Harriet Host",
        "user_email": "host@example.org",
        "source": "Zoom",
        **body,
    }


def complete_participant(body: Body, *, with_registrant: bool) -> Body:
    full = {
        "id": "",
        "name": "Somebody Present",
        "user_email": "",
        "customer_key": "",
        "failover": False,
        "status": "in_meeting",
        "registrant_id": "",
        **body,
    }
    if not with_registrant:
        del full["registrant_id"]
    return full
