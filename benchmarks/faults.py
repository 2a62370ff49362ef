"""Faults to plant in real rows, made without the patterns that find them; and look-alikes."""

from __future__ import annotations

import random
import string
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

Draw = random.Random
NAMES = ["anna", "bob", "chen", "dimitri", "elif", "fatou", "greta", "hiro", "kemal"]
HOSTS = ("mail example post inbox uni-web office.company dept.school my-shop").split()  # noqa: SIM905
ENDS = ("com org net co.uk de fr io edu com.br museum").split()  # noqa: SIM905
COUNTRIES = {"DE": 18, "NL": "4A10", "GB": "4A14", "ES": 20, "FR": 23, "CH": 17, "PL": 24, "NO": 11}
UNIVERSAL = (
    "Alle Menschen sind frei und gleich an Würde und Rechten geboren und mit Vernunft begabt.",
    "Tous les êtres humains naissent libres et égaux en dignité et en droits, doués de raison.",
    "Todos los seres humanos nacen libres e iguales en dignidad y derechos, dotados de razón.",
    "Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti, dotati di ragione.",
    "Alle mensen worden vrij en gelijk in waardigheid en rechten geboren, begiftigd met verstand.",
    "Todos os seres humanos nascem livres e iguais em dignidade e em direitos, dotados de razão.",
    "Alla människor är födda fria och lika i värde och rättigheter, utrustade med förnuft.",
    "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw.",
    "Все люди рождаются свободными и равными в своём достоинстве и правах.",  # noqa: RUF001
    "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。",  # noqa: RUF001
)
"""Article 1 of the Universal Declaration of Human Rights."""


def email(draw: Draw) -> str:
    """An address in one of the ways people write theirs."""
    name = draw.choice(NAMES) + draw.choice(["", ".", "_", "+list", str(draw.randint(1, 99))])
    name = name.rstrip("._") + draw.choice(["", "." + draw.choice(NAMES)])
    found = f"{name}@{draw.choice(HOSTS)}.{draw.choice(ENDS)}"
    return draw.choice([found, found.upper(), f"<{found}>", f"mailto:{found}"])


def phone(draw: Draw) -> str:
    """A number: international, American, or a local one after a word; some without marks."""
    digits = _digits(draw, 9)
    area, first, last = f"{draw.randint(201, 989)}", f"{draw.randint(200, 999)}", _digits(draw, 4)
    way = draw.random()
    if way < 0.4:
        sign = draw.choice([" ", "-", "", "."])
        country = draw.choice(["+44", "+49", "+33", "+81", "+1"])
        return sign.join([country, digits[:2], digits[2:5], digits[5:]])
    if way < 0.8:
        return draw.choice([f"({area}) {first}-{last}", f"{area}-{first}-{last}",
                            f"{area}.{first}.{last}", f"1-{area}-{first}-{last}"])  # fmt: skip
    if way < 0.9:
        return f"{draw.choice(['phone', 'Tel.', 'mobile:', 'call'])} 0{digits[:3]} {digits[3:]}"
    return area + first + last


def ip(draw: Draw) -> str:
    """An address of the internet, of either version."""
    if draw.random() < 0.6:
        return f"{draw.randint(1, 223)}.{'.'.join(str(draw.randint(0, 255)) for _ in range(3))}"
    groups = [f"{draw.randint(1, 0xFFFF):x}" for _ in range(8)]
    return ":".join(groups) if draw.random() < 0.5 else "::".join([":".join(groups[:4]), groups[7]])


def card(draw: Draw) -> str:
    """A card's number of one of four issuers, with its check digit, in one of three ways."""
    begin, length = draw.choice([("4", 16), ("5" + str(draw.randint(1, 5)), 16), ("37", 15),
                                 ("6011", 16)])  # fmt: skip
    body = begin + _digits(draw, length - len(begin) - 1)
    check = next(digit for digit in string.digits if _adds_up(body + digit))
    sign = draw.choice(["", " ", "-"])
    number = body + check
    return sign.join(number[at : at + 4] for at in range(0, length, 4))


def near_card(draw: Draw) -> str:
    """Sixteen digits that are no card: the check digit is off by one."""
    number = card(draw).replace(" ", "").replace("-", "")
    return number[:-1] + str((int(number[-1]) + 1) % 10)


def iban(draw: Draw) -> str:
    """An account in one of eight countries, with its check digits, in groups or not."""
    country, shape = draw.choice(list(COUNTRIES.items()))
    letters = "".join(draw.choices(string.ascii_uppercase, k=4)) if isinstance(shape, str) else ""
    size = int(shape.split("A")[1]) if isinstance(shape, str) else shape
    account = letters + _digits(draw, size)
    number = "".join(str(int(sign, 36)) for sign in f"{account}{country}00")
    whole = f"{country}{98 - int(number) % 97:02}{account}"
    groups = [whole[at : at + 4] for at in range(0, len(whole), 4)]
    return draw.choice([whole, " ".join(groups)])


def secret(draw: Draw) -> str:
    """A key of a service, or a password after its name."""
    return draw.choice([
        "AKIA" + _signs(draw, 16, string.ascii_uppercase + string.digits),
        "ghp_" + _signs(draw, 36),
        "sk-" + _signs(draw, 48),
        "sk-ant-api03-" + _signs(draw, 40),
        "xoxb-" + _digits(draw, 12) + "-" + _signs(draw, 24),
        "AIza" + _signs(draw, 35),
        "hf_" + _signs(draw, 34),
        "sk_live_" + _signs(draw, 24),
        f"api_key = '{_signs(draw, 32, string.hexdigits.lower())}'",
        f"password: {_signs(draw, 18)}",
    ])  # fmt: skip


def private_key(draw: Draw) -> str:
    """A key file's text."""
    kind = draw.choice(["RSA ", "EC ", "OPENSSH ", ""])
    lines = "\n".join(_signs(draw, 64) for _ in range(3))
    return f"-----BEGIN {kind}PRIVATE KEY-----\n{lines}\n-----END {kind}PRIVATE KEY-----"


def harmless(draw: Draw) -> str:
    """What looks private and is not."""
    a, b = draw.randint(1900, 2030), draw.randint(1, 12)
    return draw.choice([
        f"{a}-{b:02}-{draw.randint(1, 28):02}",
        f"from {a} to {a + 9}", f"@ {b} pm", "he @work",
        f"version {b}.{b}.{b}.{a % 256}", f"v{b}.0.{b}.1", f"${a},{_digits(draw, 3)},000.00",
        near_card(draw), f"ISBN 978-3-{_digits(draw, 2)}-{_digits(draw, 6)}-{b % 10}",
        f"DE{b:02} {_digits(draw, 4)} on page {a}", f"{b}:30:{draw.randint(10, 59)}", "a::b::c",
        f"order {_digits(draw, 10)}", f"{_digits(draw, 3)}-{_digits(draw, 4)}", "password: *****",
        "api_key=YOUR_API_KEY_HERE_PLEASE", f"No. {_digits(draw, 5)}-{_digits(draw, 5)}",
    ])  # fmt: skip


def accented(text: str, draw: Draw) -> str:
    """The text as a careful writer has it: curly quotes, dashes, accents."""
    words = text.replace("'", "\u2019").split(" ")
    words.insert(
        draw.randrange(len(words)), draw.choice(["café", "naïve", "—", "über", "señor", "€"])
    )
    return " ".join(words)


def misread(text: str, draw: Draw) -> str:
    """The text in UTF-8, read as Windows-1252 or Latin-1."""
    content = accented(text, draw).encode()
    if draw.random() < 0.5:
        return content.decode("latin-1")
    return "".join(
        bytes([b]).decode("cp1252", "replace").replace("\ufffd", chr(b)) for b in content
    )


def with_html(text: str, draw: Draw) -> str:
    """The text as it was cut from a page."""
    words = text.split(" ")
    at = draw.randrange(len(words))
    words[at] = draw.choice([f"<b>{words[at]}</b>", f"{words[at]}<br/>", f"<p id='x'>{words[at]}",
                             f"&quot;{words[at]}&quot;", f"<a href=\"u\">{words[at]}</a>",
                             f"{words[at]}&nbsp;", f"{words[at]} &amp; co"])  # fmt: skip
    return " ".join(words)


def like_html(text: str, draw: Draw) -> str:
    """The text with signs that are no HTML."""
    signs = ["I <3 it", "AT&T; R&B", "a < b > c", "<think> so", "<spoiler>", "&c;"]
    return f"{text} {draw.choice(signs)}"


def with_hidden(text: str, draw: Draw) -> str:
    """The text with a sign that nobody sees."""
    at = draw.randrange(len(text))
    return (
        text[:at]
        + draw.choice(["\u200b", "\ufeff", "\u202e", "\x07", "\u00ad", "\x1b"])
        + text[at:]
    )


def of_low_quality(text: str, draw: Draw) -> str:
    """The text as spam, stuttering, or signs for words."""
    words = text.split()[:12]
    return draw.choice([
        "\n".join([" ".join(words)] * draw.randint(5, 9)),
        " ".join(words * draw.randint(8, 14)),
        " ".join(f"{draw.randint(0, 10**6)} |" for _ in range(40)),
        f"{text} " + "buy now " * 60,
        "\n".join(f"- {word} ..." for word in (words * 3)[:20]),
    ])  # fmt: skip


KINDS: dict[str, Callable[[Draw], str]] = {
    "email": email, "phone": phone, "ip": ip, "card": card, "iban": iban, "secret": secret,
    "private_key": private_key,
}  # fmt: skip


def _adds_up(digits: str) -> bool:
    """Luhn's sum, digit by digit."""
    odd = [int(digit) for digit in digits[::-2]]
    even = [sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2]]
    return (sum(odd) + sum(even)) % 10 == 0


def _digits(draw: Draw, count: int) -> str:
    return "".join(draw.choices(string.digits, k=count))


def _signs(draw: Draw, count: int, of: str = string.ascii_letters + string.digits) -> str:
    return "".join(draw.choices(of, k=count))
