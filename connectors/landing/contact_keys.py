"""Comparable forms of e-mail addresses and telephone numbers.

Data flow: value as sent -> email_key() / phone_e164() -> landing envelope -> `<c>_key`, `<c>_e164`.

Computed once, at landing, so that every later step compares the same text. Nothing is looked up on
the network, and look-alike letters stay different: they are different mailboxes.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import phonenumbers
from email_validator import EmailNotValidError, validate_email

# Plain addresses that the library would accept unchanged; it takes 50 microseconds for each.
_PLAIN = re.compile(
    r"(?=.{1,64}@)[a-z0-9]+(?:[._+-][a-z0-9]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9]|-(?!-)){0,60}[a-z0-9]\.)+(?:com|org|net|info|eu|de|at|ch|uk|us|fr|nl|it|es)"
)


@lru_cache(maxsize=65_536)
def email_key(value: str) -> str | None:
    """The address in NFC, trimmed, lower case; None when it is not one by its syntax.

    >>> email_key(" Ada.Example@Example.ORG ")
    'ada.example@example.org'
    """
    text = unicodedata.normalize("NFC", value).strip().lower()
    if len(text) <= 200 and _PLAIN.fullmatch(text):
        return text
    if not text or len(text) > 320:
        return None
    try:
        checked = validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError:
        return None
    return unicodedata.normalize("NFC", checked).lower()


@lru_cache(maxsize=65_536)
def phone_e164(value: str, region: str = "DE") -> str | None:
    """The number as +<country><number>; None when it can not be one.

    `region` is the country (ISO 3166) of numbers written without a country code. Judged by length
    and form only: unassigned ranges pass, because numbering plans change faster than software.

    >>> phone_e164("030 1234567")
    '+49301234567'
    """
    if len(value) > 60:
        return None
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return None
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
