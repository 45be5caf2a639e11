"""Names, places and words of a company's day, in several scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_emulator.account.custom_fields import ADDRESS_PARTS

if TYPE_CHECKING:
    import random

    from pipedrive_emulator.api.http import Row

FIRST = (
    "Anna", "Björn", "Chloé", "Dmitri", "Élodie", "Farah", "Göran", "Hanako", "İpek", "Jürgen", "Kadri", "Lê",
    "María", "Noah", "Oğuz", "Priya", "Quentin", "Róisín", "Søren", "Tõnu", "Ursula", "Václav", "Wen",
    "Xavier", "Yuki", "Żaneta",
)  # fmt: skip
LAST = (
    "Tamm", "Müller", "O'Brien", "García", "Ivanova", "Nguyễn", "Østergaard", "Smith", "Kowalski", "Tanaka",
    "van Dijk", "Çelik", "Rossi", "Lindström", "Novák", "Dubois", "Singh", "Haddad", "Papadopoulos",
    "Mäkinen",
)  # fmt: skip
WHOLE_NAMES = (
    "王小明",
    "山田 太郎",
    "Мария Петрова",
    "محمد علي",
    "김민준",
    "Ludwig van Beethoven III",
    "Null",
    "select",
)
COMPANIES = (
    "Baltic Timber", "Müller & Söhne GmbH", "Café Crème", "Acme, Inc.", "Обувь Плюс", "株式会社 桜",
    "Ångström Labs", "Río Claro S.A.", "O'Neill \"Best\" Bakery", "Hydra\tTabs Ltd", "Zażółć Gęślą",
    "Data & <Sons>",
)  # fmt: skip
STREETS = (
    "Pikk 12",
    "Hauptstraße 7",
    "Rue de l'Église 3",
    "Main St 123",
    "ул. Ленина 5",
    "桜通り 1-2-3",
    "Calle Mayor 9",
)
CITIES = (
    ("Tallinn", "Estonia"),
    ("Berlin", "Germany"),
    ("Paris", "France"),
    ("Austin", "USA"),
    ("東京", "日本"),
)
DISTRICTS = {
    "Tallinn": {
        "admin_area_level_1": "Harju maakond",
        "admin_area_level_2": "Tallinna linn",
        "sublocality": "Kesklinn",
    },
    "Berlin": {"admin_area_level_1": "Berlin", "admin_area_level_2": "Mitte", "sublocality": "Moabit"},
    "Austin": {"admin_area_level_1": "Texas", "admin_area_level_2": "Travis County"},
    "東京": {"sublocality": "千代田区"},
}
SUBJECTS = (
    "Call",
    "Demo",
    "Follow-up",
    "Lunch with the buyer",
    "Send the offer",
    "Rückruf",
    "見積もり",
    "Sign 🖊",
)
GOODS = (
    "Pump",
    "Valve",
    "Sensor",
    "Training day",
    "Licence",
    "Gehäuse",
    "Support plan",
    "Крепёж",
    "Filter Ø 40",
    "Cable",
)
LOST_REASONS = ("Price", "No answer", "Competitor", "Budget cut, maybe next year")
NOTES = (
    "<p>Called; asked for a discount.</p>",
    "<p>Wants <b>delivery</b> in June &amp; training.</p>",
    "Plain text without tags",
    "<p>日本語のメモ</p>",
    "<p>Line one<br>Line two</p>",
)
POSTAL_SHARE, WHOLE_SHARE = 0.7, 0.08
FILE_NAMES = ("offer.pdf", "scan 1.png", "Vertrag Übersicht.pdf", "prices.csv", "写真.jpg", "readme.txt")


def place(chance: random.Random) -> Row:
    """Return an address with all its parts, some null."""
    street, (city, country) = chance.choice(STREETS), chance.choice(CITIES)
    name, _, house = street.rpartition(" ")
    parts = dict.fromkeys(ADDRESS_PARTS)
    full = {**parts, "country": country, "locality": city, "route": name, "street_number": house}
    full.update(DISTRICTS.get(city, {}))
    if house.isdigit() and len(house) > 1:
        full["subpremise"] = f"{house[-1]}B"
    full["postal_code"] = str(chance.randint(10000, 99999)) if chance.random() < POSTAL_SHARE else None
    return {"value": f"{street}, {city}, {country}", **full}


def person_name(chance: random.Random) -> tuple[str, str | None, str | None]:
    """(name, first name, last name)."""
    if chance.random() < WHOLE_SHARE:
        whole = chance.choice(WHOLE_NAMES)
        first, _, last = whole.rpartition(" ")
        return whole, first or last, last if first else None
    first, last = chance.choice(FIRST), chance.choice(LAST)
    return f"{first} {last}", first, last
