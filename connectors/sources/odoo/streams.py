"""The streams of an Odoo source: which models, which of their fields, and how they are followed.

Data flow: Odoo model -> Model (here) -> source.py reads only these fields -> raw `odoo.*`.

Facts (odoo/odoo unless said otherwise):
- every record has `write_date`, the start of the transaction that last wrote it, in UTC with
  microseconds that answers leave out (issue 24102, pull request 203626): hence ids, not times,
  carry the paging, and an hour is re-read.
- stored computed fields (a payment state, a membership state) set `write_date` too
  (orm/models.py `_write_multi`, 18 and 19; not verified before 14).
- a payment (up to 17) and a product variant inherit fields from a journal entry and a template,
  whose own `write_date` tells of changes there: `touched_by`.
- unlinking leaves nothing. Merging partners rewrites references in plain SQL without touching
  `write_date` and deletes the losers (base/wizard/base_partner_merge.py): what carries memberships
  is therefore read in full.
- membership.membership_line and the product's membership fields: module `membership`, Community,
  up to 18. Recurring sale orders and sale.subscription.plan: module `sale_subscription`,
  Enterprise, from 17 (public copies of that module read).
- event.registration: state draft, open, done (attended), cancel; archiving is a flag.
- account.move: amounts in `currency_id`; account.payment: states draft, posted, cancel up to 17,
  draft, in_process, paid, canceled, rejected from 18.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from connectors.protocol import Column, ColumnType, Cursor, StreamSpec

# An Odoo transaction may run for minutes, those of scheduled actions longer.
_WRITTEN = Cursor("updated_since", "write_date", timedelta(hours=1))
_WHOLE = Cursor("full")


@dataclass(frozen=True)
class Field:
    """One column: its type, the model's field, and which part of a relation is kept.

    A many2one comes as [id, display name]: only the id is kept unless the name is asked for.
    `first` is the first id of a list of ids.
    """

    type: ColumnType
    name: str
    part: Literal["value", "id", "name", "first"] = "value"


@dataclass(frozen=True)
class Model:
    """What a stream reads.

    `domain` narrows it. `needs`: a field without which the stream is absent, because another module
    or a later version brings it. `touched_by`: related records whose change counts as one of this
    record. `module`: what has to be installed, in words.
    """

    name: str
    module: str
    fields: Mapping[str, Field]
    domain: Sequence[tuple[str, str, Any]] = ()
    needs: str = "id"
    touched_by: Sequence[str] = ()


def _plain(**types: ColumnType) -> dict[str, Field]:
    return {name: Field(kind, name) for name, kind in types.items()}


def _ids(**fields: str) -> dict[str, Field]:
    return {column: Field("integer", name, "id") for column, name in fields.items()}


_STAMPS = _plain(create_date="timestamp", write_date="timestamp")
_CURRENCY = {"currency": Field("string", "currency_id", "name")}

MODELS: Mapping[str, Model] = {
    "partner": Model(
        name="res.partner",
        module="Contacts",
        fields={
            **_plain(
                id="integer",
                name="string",
                is_company="boolean",
                type="string",
                ref="string",
                firstname="string",
                lastname="string",
                birthdate_date="date",
                email="email",
                phone="phone",
                mobile="phone",
                street="string",
                zip="string",
                city="string",
                lang="string",
                active="boolean",
                free_member="boolean",
                membership_state="string",
            ),
            **_ids(
                parent="parent_id",
                commercial_partner="commercial_partner_id",
                associate_member="associate_member",
            ),
            **_STAMPS,
        },
    ),
    "product": Model(
        name="product.product",
        module="Membership (Community, up to Odoo 18)",
        fields={
            **_plain(
                id="integer",
                name="string",
                default_code="string",
                list_price="money",
                membership="boolean",
                membership_date_from="date",
                membership_date_to="date",
                active="boolean",
            ),
            **_CURRENCY,
            **_STAMPS,
        },
        domain=(("membership", "=", True),),
        needs="membership",
        touched_by=("product_tmpl_id",),
    ),
    "membership_line": Model(
        name="membership.membership_line",
        module="Membership (Community, up to Odoo 18)",
        fields={
            **_plain(
                id="integer",
                date="date",
                date_from="date",
                date_to="date",
                date_cancel="date",
                member_price="money",
                state="string",
            ),
            **_ids(partner="partner", product="membership_id", invoice="account_invoice_id"),
            **_STAMPS,
        },
    ),
    "subscription_plan": Model(
        name="sale.subscription.plan",
        module="Subscriptions (Enterprise, from Odoo 17)",
        fields={
            **_plain(
                id="integer",
                name="string",
                billing_period_value="integer",
                billing_period_unit="string",
                active="boolean",
            ),
            **_STAMPS,
        },
    ),
    "subscription": Model(
        name="sale.order",
        module="Subscriptions (Enterprise, from Odoo 17)",
        fields={
            **_plain(
                id="integer",
                name="string",
                state="string",
                subscription_state="string",
                date_order="timestamp",
                start_date="date",
                end_date="date",
                next_invoice_date="date",
                first_contract_date="date",
                recurring_total="money",
            ),
            **_ids(
                partner="partner_id",
                plan="plan_id",
                parent="subscription_id",
                origin="origin_order_id",
            ),
            **_CURRENCY,
            **_STAMPS,
        },
        domain=(("is_subscription", "=", True),),
        needs="plan_id",
    ),
    "event": Model(
        name="event.event",
        module="Events",
        fields={
            **_plain(
                id="integer",
                name="string",
                date_begin="timestamp",
                date_end="timestamp",
                date_tz="string",
                active="boolean",
                kanban_state="string",
            ),
            **_ids(venue="address_id"),
            "kind": Field("string", "event_type_id", "name"),
            "stage": Field("string", "stage_id", "name"),
            **_STAMPS,
        },
    ),
    "registration": Model(
        name="event.registration",
        module="Events",
        fields={
            **_plain(
                id="integer",
                name="string",
                email="email",
                phone="phone",
                state="string",
                date_closed="timestamp",
                active="boolean",
            ),
            **_ids(
                event="event_id",
                partner="partner_id",
                ticket="event_ticket_id",
                sale_order="sale_order_id",
            ),
            "order_name": Field("string", "sale_order_id", "name"),
            **_STAMPS,
        },
    ),
    "invoice": Model(
        name="account.move",
        module="Invoicing or Accounting (from Odoo 14)",
        fields={
            **_plain(
                id="integer",
                name="string",
                move_type="string",
                state="string",
                payment_state="string",
                invoice_origin="string",
                invoice_date="date",
                invoice_date_due="date",
                amount_total="money",
                amount_residual="money",
            ),
            **_ids(partner="partner_id", reversed="reversed_entry_id"),
            **_CURRENCY,
            **_STAMPS,
        },
        domain=(("move_type", "in", ["out_invoice", "out_refund"]),),
        needs="move_type",
    ),
    "payment": Model(
        name="account.payment",
        module="Invoicing or Accounting (from Odoo 14)",
        fields={
            **_plain(
                id="integer",
                state="string",
                payment_type="string",
                payment_method_code="string",
                date="date",
                amount="money",
            ),
            **_ids(partner="partner_id"),
            "invoice": Field("integer", "reconciled_invoice_ids", "first"),
            **_CURRENCY,
            **_STAMPS,
        },
        domain=(("partner_type", "=", "customer"),),
        needs="date",
        touched_by=("move_id",),
    ),
}


def _spec(name: str, cursor: Cursor, description: str, *, never_empty: bool = False) -> StreamSpec:
    return StreamSpec(
        name=name,
        primary_key=("id",),
        columns={column: Column(field.type) for column, field in MODELS[name].fields.items()},
        cursor=cursor,
        deletes="id_reconcile",
        version="write_date" if cursor.kind == "updated_since" else None,
        empty_first_page="error" if never_empty else "ok",
        description=description,
    )


STREAMS: tuple[StreamSpec, ...] = (
    _spec("partner", _WRITTEN, "People, organisations and their addresses.", never_empty=True),
    _spec(
        "product",
        _WRITTEN,
        "Products that are memberships, with the dates and the price of a term.",
    ),
    _spec("membership_line", _WHOLE, "Memberships of a partner: one line per invoiced term."),
    _spec("subscription_plan", _WHOLE, "Billing periods of subscriptions."),
    _spec("subscription", _WHOLE, "Recurring sale orders; a renewal is an order of its own."),
    _spec("event", _WRITTEN, "Events, archived ones included."),
    _spec("registration", _WRITTEN, "Registrations (state draft, open, done, cancel)."),
    _spec("invoice", _WRITTEN, "Customer invoices and credit notes."),
    _spec("payment", _WRITTEN, "Payments of customers, and money paid back to them."),
)
