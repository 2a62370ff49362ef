"""What should not be learned from a text: addresses, numbers and keys that belong to someone.

Patterns find what may be one, checks decide: a card has a known first digits and a sum that fits
(Luhn, ISO/IEC 7812), an IBAN its country's length and remainder 1 modulo 97 (ISO 13616), an address
of the internet is one that `ipaddress` reads. Names of people and places are not looked for.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuneful.data.faults.banks import IBAN_LENGTHS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

SECRET_SHAPES = (
    r"(?:AKIA|ASIA)[A-Z0-9]{16}",  # AWS
    r"gh[pousr]_[A-Za-z0-9]{36}",  # GitHub
    r"github_pat_[A-Za-z0-9_]{22}",
    r"glpat-[A-Za-z0-9_-]{20}",  # GitLab
    r"sk-[A-Za-z0-9_-]{20}",  # OpenAI, Anthropic
    r"[sr]k_(?:live|test)_[A-Za-z0-9]{16}",  # Stripe
    r"xox[abprs]-[A-Za-z0-9-]{10}",  # Slack
    r"AIza[A-Za-z0-9_-]{35}",  # Google
    r"hf_[A-Za-z0-9]{30}",  # Hugging Face
    r"npm_[A-Za-z0-9]{36}",
    r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}",  # SendGrid
    r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10}",  # JSON web tokens
)
NAMED = r"(?i:api[_-]?key|secret[_-]?key|access[_-]?token|auth[_-]?token|password|passwd)"
ASSIGNED = NAMED + r"[\"'\\]{0,3}\s{0,3}[:=]\s{0,3}[\"'\\]{0,3}"
MAY_HOLD = "|".join(
    [
        "@",
        r"(?:\d[ .()/\-]{0,3}){7}",
        r"\d\.\d+\.\d",
        r"[0-9A-Fa-f]::?[0-9A-Fa-f]*:",
        r"[A-Z]{2}\d{2}",
        "PRIVATE KEY",
        ASSIGNED,
        *SECRET_SHAPES,
    ]
)
"""A text that does not match holds nothing private. In RE2's words: Arrow searches by it."""

EMAIL = re.compile(
    r"(?<![\w.+-])[\w.%+'-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+"
    r"[A-Za-z]{2,24}(?![\w-])"
)
INTERNATIONAL = re.compile(r"(?<![\w+])\+[1-9](?:[ .()/-]{0,2}\d){7,14}(?![\d])")
AMERICAN = re.compile(
    r"(?<![\w.+-])(?:1[ .-])?(?:\([2-9]\d\d\) ?|[2-9]\d\d[ .-])[2-9]\d\d[ .-]\d{4}(?![\w-]|\.\d)"
)
SAID_PHONE = re.compile(
    r"(?i:\b(?:phone|tel|telephone|mobile|cell|fax|call|whatsapp)\b)[^\d\n]{0,20}"
    r"(\(?\d(?:[ .()/-]{0,2}\d){6,13})(?!\d)"
)
V4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d)")
V6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])")
A_VERSION = re.compile(r"(?i)(?:version|release|build|\bv)\W{0,2}$")
CARD = re.compile(r"(?<![\w.+-])\d(?:[ -]?\d){12,18}(?![\w-]|\.\d)")
CARD_BRAND = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"
    r"|3[47]\d{13}|6(?:011|5\d\d|4[4-9]\d)\d{12}|35\d{14}|3(?:0[0-5]|[68]\d)\d{11}"
)
IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}")
SECRET = re.compile(rf"(?<![A-Za-z0-9_])(?:{'|'.join(SECRET_SHAPES)})[A-Za-z0-9_-]*")
SAID_SECRET = re.compile(ASSIGNED + r"([A-Za-z0-9+/_.=-]{16,200})")
BITS_OF_SECRET = 3.0
"""Of a character of what follows "api_key =": words and placeholders have fewer."""
PRIVATE_KEY = re.compile(
    r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----"
    r"(?:.*?-----END (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----|[A-Za-z0-9+/=\s\\]*)",
    re.DOTALL,
)

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Private:
    """Something private in a text.

    Attributes:
        kind: A name in KINDS.
        begin: Its first character.
        end: The character after it.
        value: The same for the same thing, however it is written.
    """

    kind: str
    begin: int
    end: int
    value: str


def find_private(text: str, kinds: Sequence[str]) -> list[Private]:
    """What is private in a text, in its order, without overlaps."""
    found: list[Private] = []
    for kind in kinds:
        for begin, end in KINDS[kind](text):
            if all(end <= known.begin or known.end <= begin for known in found):
                found.append(Private(kind, begin, end, _bare(kind, text[begin:end])))
    return sorted(found, key=lambda one: one.begin)


def luhn(digits: str) -> bool:
    """Whether the last digit is the check of those before it (Luhn 1960, US patent 2,950,048).

    >>> luhn("4111111111111111"), luhn("4111111111111112")
    (True, False)
    """
    total = 0
    for place, digit in enumerate(map(int, reversed(digits))):
        doubled = digit * (1 + place % 2)
        total += doubled - 9 * (doubled > 9)
    return total % 10 == 0


def mod_97(iban: str) -> int:
    """An IBAN's remainder, which is 1 where it is valid; without spaces, in capitals.

    >>> mod_97("GB82WEST12345698765432")
    1
    """
    turned = iban[4:] + iban[:4]
    return int("".join(str(int(sign, 36)) for sign in turned)) % 97


def _emails(text: str) -> Iterator[Span]:
    return _spans(EMAIL.finditer(text)) if "@" in text else iter(())


def _phones(text: str) -> Iterator[Span]:
    yield from _spans(INTERNATIONAL.finditer(text) if "+" in text else ())
    yield from _spans(AMERICAN.finditer(text))
    for match in SAID_PHONE.finditer(text):
        yield match.span(1)


def _addresses(text: str) -> Iterator[Span]:
    for pattern in (V4, V6):
        for match in pattern.finditer(text):
            begin, end = match.span()
            if _is_address(match.group()) and not A_VERSION.search(
                text[max(0, begin - 12) : begin]
            ):
                yield begin, end


def _is_address(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    # "a::b" and "::" are valid as well, and stand in program code.
    is_long = "." in text or (len(text) > 6 and any(map(str.isdigit, text)))
    return is_long and not (address.is_loopback or address.is_unspecified or _is_mask(text))


def _is_mask(text: str) -> bool:
    return text.startswith(("255.", "0."))


def _cards(text: str) -> Iterator[Span]:
    for match in CARD.finditer(text):
        digits = _digits(match.group())
        if CARD_BRAND.fullmatch(digits) and luhn(digits):
            yield match.span()


def _ibans(text: str) -> Iterator[Span]:
    for match in IBAN.finditer(text):
        length = IBAN_LENGTHS.get(text[match.start() : match.start() + 2])
        places = [at for at in range(*match.span()) if text[at] != " "]
        if length is None or len(places) < length:
            continue
        end = places[length - 1] + 1
        goes_on = end < len(text) and text[end].isalnum()
        if not goes_on and mod_97("".join(text[at] for at in places[:length])) == 1:
            yield match.start(), end


def _secrets(text: str) -> Iterator[Span]:
    yield from _spans(SECRET.finditer(text))
    for match in SAID_SECRET.finditer(text):
        value = match.group(1)
        has_both = any(map(str.isdigit, value)) and any(map(str.isalpha, value))
        if has_both and _bits(value) >= BITS_OF_SECRET:
            yield match.span(1)


def _private_keys(text: str) -> Iterator[Span]:
    return _spans(PRIVATE_KEY.finditer(text)) if "PRIVATE KEY" in text else iter(())


def _bits(value: str) -> float:
    """Entropy of a character, in bits."""
    shares = [count / len(value) for count in Counter(value).values()]
    return -sum(share * math.log2(share) for share in shares)


def _spans(matches: Iterable[re.Match[str]]) -> Iterator[Span]:
    return (match.span() for match in matches)


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _bare(kind: str, text: str) -> str:
    if kind in {"card", "phone"}:
        return _digits(text)
    return text.replace(" ", "") if kind == "iban" else text.lower() if kind == "email" else text


KINDS: dict[str, Callable[[str], Iterator[Span]]] = {
    "private_key": _private_keys,
    "secret": _secrets,
    "iban": _ibans,
    "card": _cards,
    "email": _emails,
    "ip": _addresses,
    "phone": _phones,
}
"""What is looked for; of two that overlap the first one stands."""
