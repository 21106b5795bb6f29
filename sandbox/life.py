"""One simulated life, whole: the person, the membership and everything that happened around it.

Data flow: Scale, index -> Life -> vendor writers (as of now) and truth (as of now).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sandbox.distortions import Traits, traits
from sandbox.events import Registration, registrations
from sandbox.finance import Bill, bills
from sandbox.mail import Subscription, subscription
from sandbox.membership import Story, story
from sandbox.people import Person, person
from sandbox.scale import Scale
from sandbox.service import Service, service


@dataclass(frozen=True)
class Life:
    """Everything about one person up to the scale's limit, each fact dated."""

    scale: Scale
    person: Person
    story: Story
    registrations: list[Registration]
    service: Service
    bills: list[Bill]
    subscription: Subscription | None
    traits: Traits

    def holder(self, happened: datetime, now: datetime) -> int:
        """The contact that carries something from `happened`, seen at `now`.

        While a duplicate contact lives, every second thing is filed under it; a merge moves it.
        """
        duplicate = self.traits.duplicate
        main = self.person.contact_id
        if duplicate is None or happened < duplicate.created:
            return main
        if duplicate.merged and (duplicate.merged <= now or happened >= duplicate.merged):
            return main
        return main + 1 if int(happened.timestamp()) % 2 else main


def zeal(scale: Scale, index: int) -> float:
    """How engaged a person is: many hardly, most somewhat, some very much."""
    rng = scale.rng("zeal", index)
    draw = rng.random()
    if draw < 0.3:
        return rng.uniform(0.02, 0.15)
    return rng.uniform(0.5, 1.25) if draw < 0.8 else rng.uniform(1.3, 2.2)


def live(scale: Scale, index: int) -> Life:
    """Simulate one person; depends on nothing but seed, size and index."""
    who = person(scale, index)
    membership = story(scale, who)
    energy = zeal(scale, index)
    booked = registrations(scale, who, membership, energy)
    desk = service(scale, who, membership, energy)
    listed = subscription(scale, who, membership, energy)
    needed = who.kind != "attendee" or bool(desk.actions) or energy < 0.1
    return Life(
        scale=scale,
        person=who,
        story=membership,
        registrations=booked,
        service=desk,
        bills=bills(scale, who, membership, booked),
        subscription=listed,
        traits=traits(scale, who, membership, listed, booked, needed),
    )
