"""HTML in texts: tags, comments and entities, and what stands there once they are read.

Only names of HTML's own elements count: "<3", "a < b" and "<think>" are no tags. What stands
between Markdown's marks of code is left alone.
"""

from __future__ import annotations

import html
import re

NAMES = (
    "a|abbr|address|article|aside|audio|b|big|blockquote|body|br|button|caption|center|cite|code|dd"
    "|del|details|div|dl|dt|em|embed|fieldset|figcaption|figure|font|footer|form|h[1-6]|head|header"
    "|hr|html|i|iframe|img|input|ins|label|legend|li|link|main|meta|nav|noscript|object|ol|option|p"
    "|picture|pre|s|script|section|select|small|source|span|strike|strong|style|sub|summary|sup|svg"
    "|table|tbody|td|textarea|tfoot|th|thead|title|tr|tt|u|ul|video"
)
TAG = rf"</?(?i:{NAMES})(?:\s[^<>]{{0,500}})?\s?/?>"
ENTITY = r"&(?:[A-Za-z]{2,8}|#[0-9]{2,6}|#[xX][0-9A-Fa-f]{2,6});"
MAY_HOLD = f"{TAG}|{ENTITY}|<!--"
"""In RE2's words: Arrow searches by it."""

CODE = re.compile(r"(```.*?(?:```|\Z)|`[^`\n]+`)", re.DOTALL)
MARKUP = re.compile(MAY_HOLD)
UNSEEN = re.compile(r"(?is)<!--.*?-->|<(script|style|head)\b[^>]*>.*?</\1\s*>")
NEW_LINE = re.compile(
    r"(?i)[ \t]*(?:<br\s*/?>|</?(?:p|div|li|tr|h[1-6]|ul|ol|table|blockquote|section|article|pre"
    r"|header|footer|hr|dd|dt)(?:\s[^<>]{0,500})?/?>)[ \t]*"
)
CELL = re.compile(r"(?i)</t[dh]\s*>")
ANY = re.compile(TAG)
MANY_LINES = re.compile(r"\n{3,}")


def find_markup(text: str) -> str:
    """The first tag or entity outside of code; "" where there is none."""
    for part in CODE.split(text)[::2]:
        for match in MARKUP.finditer(part):
            found = match.group()
            if not found.startswith("&") or html.unescape(found) != found:
                return found
    return ""


def strip_markup(text: str) -> str:
    """The text as a reader of the page sees it: ends of lines for breaks and blocks."""
    if not find_markup(text):
        return text
    parts = CODE.split(text)
    seen = (part if place % 2 else _stripped(part) for place, part in enumerate(parts))
    return "".join(seen).strip("\n")


def _stripped(part: str) -> str:
    if not MARKUP.search(part):
        return part
    seen = CELL.sub("\t", NEW_LINE.sub("\n", UNSEEN.sub("", part)))
    return MANY_LINES.sub("\n\n", html.unescape(ANY.sub("", seen)))
