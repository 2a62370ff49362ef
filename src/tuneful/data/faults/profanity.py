"""Swear words of English. A list this short misses most insults; context it does not know."""

from __future__ import annotations

import re

STEMS = "fuck|shit|bitch|cunt|bastard|asshole|dickhead|motherfuck|bullshit|wank|twat|bollock"
WHOLE = "piss|pissed|cock|prick|slut|whore|douche|douchebag|jackass|dumbass|arsehole|goddamn"
PROFANE = rf"(?i)\b(?:(?:{STEMS})(?:s|es|ed|er|ers|ing|y|ty|ies|head|heads|face)?|(?:{WHOLE})s?)\b"
"""In RE2's words: Arrow searches by it."""
PATTERN = re.compile(PROFANE)
