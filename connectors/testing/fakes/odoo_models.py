"""Which fields the models of the fake Odoo have, with their types, and which module brings them.

Data flow: SCHEMA -> fields_get, and the check of field names in odoo.py.

From odoo/odoo (base, product, membership, event, account; 16 to 18) and, for sale_subscription,
public copies of the Enterprise module (17). Only what matters here, and a few fields a connector
must leave alone (`comment`, `vat`, `access_token`).
"""

from __future__ import annotations

from collections.abc import Mapping

_BASE = {"id": "integer", "create_date": "datetime", "write_date": "datetime"}
_NAMED = {**_BASE, "name": "char", "active": "boolean"}

# Fields of a model that another module adds.
ADDED: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "membership": {
        "res.partner": {
            "free_member": "boolean",
            "membership_state": "selection",
            "associate_member": "many2one",
        },
        "product.product": {
            "membership": "boolean",
            "membership_date_from": "date",
            "membership_date_to": "date",
        },
    },
    "sale_subscription": {
        "sale.order": {
            "is_subscription": "boolean",
            "plan_id": "many2one",
            "subscription_state": "selection",
            "start_date": "date",
            "end_date": "date",
            "next_invoice_date": "date",
            "first_contract_date": "date",
            "recurring_total": "monetary",
            "subscription_id": "many2one",
            "origin_order_id": "many2one",
        },
    },
    "event_sale": {"event.registration": {"sale_order_id": "many2one"}},
}

# module -> model -> its own fields.
SCHEMA: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "base": {
        "res.partner": {
            **_NAMED,
            "is_company": "boolean",
            "type": "selection",
            "parent_id": "many2one",
            "commercial_partner_id": "many2one",
            "ref": "char",
            "email": "char",
            "phone": "char",
            "mobile": "char",
            "street": "char",
            "zip": "char",
            "city": "char",
            "lang": "selection",
            "birthdate_date": "date",
            "vat": "char",
            "comment": "html",
        },
    },
    "product": {
        "product.product": {
            **_NAMED,
            "product_tmpl_id": "many2one",
            "default_code": "char",
            "list_price": "float",
            "currency_id": "many2one",
        },
        "product.template": _NAMED,
    },
    "membership": {
        "membership.membership_line": {
            **_BASE,
            "partner": "many2one",
            "membership_id": "many2one",
            "date": "date",
            "date_from": "date",
            "date_to": "date",
            "date_cancel": "date",
            "member_price": "float",
            "state": "selection",
            "account_invoice_id": "many2one",
        },
    },
    "sale": {
        "sale.order": {
            **_BASE,
            "name": "char",
            "state": "selection",
            "date_order": "datetime",
            "partner_id": "many2one",
            "currency_id": "many2one",
            "access_token": "char",
        },
    },
    "sale_subscription": {
        "sale.subscription.plan": {
            **_NAMED,
            "billing_period_value": "integer",
            "billing_period_unit": "selection",
        },
    },
    "event": {
        "event.event": {
            **_NAMED,
            "date_begin": "datetime",
            "date_end": "datetime",
            "date_tz": "selection",
            "kanban_state": "selection",
            "address_id": "many2one",
            "event_type_id": "many2one",
            "stage_id": "many2one",
        },
        "event.registration": {
            **_NAMED,
            "event_id": "many2one",
            "event_ticket_id": "many2one",
            "partner_id": "many2one",
            "email": "char",
            "phone": "char",
            "state": "selection",
            "date_closed": "datetime",
        },
    },
    "account": {
        "account.move": {
            **_BASE,
            "name": "char",
            "move_type": "selection",
            "state": "selection",
            "payment_state": "selection",
            "invoice_origin": "char",
            "invoice_date": "date",
            "invoice_date_due": "date",
            "amount_total": "monetary",
            "amount_residual": "monetary",
            "partner_id": "many2one",
            "reversed_entry_id": "many2one",
            "currency_id": "many2one",
            "narration": "html",
        },
        "account.payment": {
            **_BASE,
            "move_id": "many2one",
            "state": "selection",
            "payment_type": "selection",
            "partner_type": "selection",
            "payment_method_code": "char",
            "date": "date",
            "amount": "monetary",
            "currency_id": "many2one",
            "partner_id": "many2one",
            "reconciled_invoice_ids": "many2many",
        },
    },
}
# Relations a domain may follow: (model, field) -> model.
RELATIONS: Mapping[tuple[str, str], str] = {
    ("account.payment", "move_id"): "account.move",
    ("product.product", "product_tmpl_id"): "product.template",
}
EVERYTHING = frozenset(SCHEMA) | frozenset(ADDED)


def models_of(modules: frozenset[str]) -> dict[str, dict[str, str]]:
    """Model -> field -> type, of a database with these modules installed."""
    models: dict[str, dict[str, str]] = {}
    for module in modules:
        for model, fields in SCHEMA.get(module, {}).items():
            models[model] = dict(fields)
    for module in modules:
        for model, fields in ADDED.get(module, {}).items():
            if model in models:
                models[model].update(fields)
    return models
