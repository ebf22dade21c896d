"""The words events and profiles are made of: names, clients, pages, shopping baskets, sessions.

Faker writes some 7,000 full records a second, so it names a fixed vocabulary once and the volume
is drawn from it in SQL (`sql/lines.sql`, `sql/profiles.sql`).
"""

import json
from collections import OrderedDict
from dataclasses import dataclass
from random import Random

from faker import Faker

# Few: DuckDB's time for an element of a list grows with the list.
PAGES = 300
PRODUCTS = 250
BASKETS = 1_000
SESSIONS = 200
NAMES = 200
HANDLES = 500

# In SQL their places in these lists stand for them.
LOCATIONS = ["US", "EU", "ASIA"]
CURRENCIES = ["USD", "EUR", "SGD"]
DEVICES = ["mobile", "desktop", "tablet"]
ACTIONS = ["login", "view", "purchase", "logout", "share"]
LOGIN, VIEW, PURCHASE, LOGOUT = range(4)
PLANS = ["free", "pro", "business"]
# By location, the most frequent first; all of a location have the same number.
COUNTRIES = [
    ["US", "CA", "MX", "BR", "AR", "CO"],
    ["DE", "FR", "GB", "ES", "PL", "SE"],
    ["JP", "SG", "IN", "KR", "ID", "AU"],
]
LOCALES = [["en_US"], ["de_DE", "fr_FR", "en_GB", "es_ES", "pl_PL"], ["ja_JP", "en_IN", "ko_KR"]]

# Hours ahead of UTC, by location; and how busy each hour of the day is there.
ZONES = [-5, 1, 8]
BUSY = [4, 2, 1, 1, 1, 2, 4, 8, 12, 13, 13, 12, 14, 13, 12, 11, 11, 12, 15, 19, 22, 21, 16, 9]
VERSIONS = 12


@dataclass(frozen=True)
class Vocabulary:
    """Texts are JSON text ready to be put into a document.

    `client_text` [(version * 3 + device) * 3 + location]: the first keys of `metadata`. Versions
    0 to 11 are texts, 12 is absent, 13 null, and 14 and 15 are sent as numbers.
    `step`: what a session does next, one session after another: duration of the session (ms) << 36
    | time since its start (ms) << 12 | number of the step << 4 | action.
    `hour` [location * number of entries / 3 + n]: hours of the day in UTC, the busy ones often.
    `basket_*`, `country`, `given_name` and `family_name`: lists of one length share an index.
    """

    client_text: list[str]
    page: list[str]
    basket_text: list[str]
    basket_as_strings: list[str]
    basket_size: list[int]
    basket_cents: list[int]
    step: list[int]
    hour: list[int]
    country: list[str]
    given_name: list[str]
    family_name: list[str]
    handle: list[str]

    def sessions(self, events: int) -> int:
        """How many sessions a day of so many events has; the last one may be cut off."""
        rounds, rest = divmod(events, len(self.step))
        starts = [code >> 4 & 0xFF == 0 for code in self.step]
        return rounds * sum(starts) + sum(starts[:rest])


def build(seed: int) -> Vocabulary:
    """The same words for the same seed (and the pinned version of Faker)."""
    fake = Faker("en_US")
    fake.seed_instance(seed)
    products = [
        (fake.unique.bothify("???-####", letters="ABCDEFGHJKLMNPQRSTUVWXYZ"), price)
        for price in (fake.random_int(199, 49_999) for _ in range(PRODUCTS))
    ]
    baskets = [_basket(fake, products) for _ in range(BASKETS)]
    pages = [json.dumps(f"/{fake.uri_path()}/{fake.slug()}") for _ in range(PAGES - 2)]
    names = [_names(locales, seed) for locales in LOCALES]
    return Vocabulary(
        client_text=_clients(fake),
        page=[*pages, '"/münchen/straßenfest"', '"/caf\\u00e9/\\ud83d\\ude00"'],
        basket_text=[_basket_text(basket, "") for basket in baskets],
        basket_as_strings=[_basket_text(basket, '"') for basket in baskets],
        basket_size=[len(basket) for basket in baskets],
        basket_cents=[sum(quantity * cents for _, quantity, cents in it) for it in baskets],
        step=[code for _ in range(SESSIONS) for code in _session(fake.random)],
        hour=[
            (hour - zone) % 24 for zone in ZONES for hour, n in enumerate(BUSY) for _ in range(n)
        ],
        country=[country for countries in COUNTRIES for country in countries],
        given_name=[given for givens, _ in names for given in givens],
        family_name=[family for _, families in names for family in families],
        handle=[fake.user_name() for _ in range(HANDLES)],
    )


def _clients(fake: Faker) -> list[str]:
    versions = [f',"app_version":"{fake.unique.numerify("%.#.#")}"' for _ in range(VERSIONS)]
    versions += ["", ',"app_version":null', ',"app_version":5.1', ',"app_version":5.20']
    return [
        f'"device":"{device}","location":"{location}"{version}'
        for version in versions
        for device in DEVICES
        for location in LOCATIONS
    ]


def _names(locales: list[str], seed: int) -> tuple[list[str], list[str]]:
    fake = Faker(OrderedDict.fromkeys(locales, 1))
    fake.seed_instance(seed)
    return tuple(
        [json.dumps(name(), ensure_ascii=False)[1:-1] for _ in range(NAMES)]
        for name in (fake.first_name, fake.last_name)
    )


def _session(random: Random) -> list[int]:
    """Codes of `Vocabulary.step`: at most 41 steps in less than 1.5 hours, a second apart."""
    actions = [LOGIN] if random.random() < 0.9 else []
    actions += [VIEW] * min(36, random.randint(1, 4) * random.randint(1, 3))
    if random.random() < 0.45:
        actions += [PURCHASE]
    if random.random() < 0.55:
        actions += [LOGOUT]
    offsets = [0]
    for _ in actions[1:]:
        # a product of draws: many short waits and a few long ones
        offsets.append(
            offsets[-1] + random.randint(2_000, 9_999) * random.randint(1, 5) * random.randint(1, 7)
        )
    return [
        offsets[-1] << 36 | offset << 12 | number << 4 | action
        for number, (offset, action) in enumerate(zip(offsets, actions, strict=True))
    ]


def _basket(fake: Faker, products: list[tuple[str, int]]) -> list[tuple[str, int, int]]:
    """1 to 4 lines of sku, quantity and unit price in cents."""
    chosen = fake.random_elements(products, length=fake.random_int(1, 4), unique=True)
    return [(sku, fake.random_int(1, 3), cents) for sku, cents in chosen]


def _basket_text(basket: list[tuple[str, int, int]], quote: str) -> str:
    """`total` and `items`; amounts between quotes, or as numbers when there is no quote."""
    total = sum(quantity * cents for _, quantity, cents in basket)
    items = ",".join(
        f'{{"sku":{json.dumps(sku)},"quantity":{quantity},"unit_price":{quote}{_money(cents)}{quote}}}'
        for sku, quantity, cents in basket
    )
    return f'"total":{quote}{_money(total)}{quote},"items":[{items}]'


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"
