"""How long an IBAN is, by country (SWIFT's IBAN registry, release 99)."""

from __future__ import annotations

LENGTHS = """
15 NO; 16 BE; 18 DK FI FO GL NL SD; 19 MK SI; 20 AT BA EE KZ LT LU MN XK; 21 CH HR LI LV;
22 BG BH CR DE GB GE IE ME RS VA; 23 AE GI IL IQ OM SO TL; 24 AD CZ ES MD PK RO SA SE SK TN VG;
25 LY PT ST; 26 IS TR; 27 BI DJ FR GR IT MC MR SM; 28 AL AZ BY CY DO GT HU LB NI PL SV;
29 BR EG PS QA UA; 30 JO KW MU YE; 31 MT SC; 32 LC; 33 RU
"""
IBAN_LENGTHS = {
    country: int(length)
    for length, *countries in (line.split() for line in LENGTHS.replace("\n", " ").split(";"))
    for country in countries
}
"""Country to characters, the country and the two check digits among them."""
