"""The words events are made of: user profiles, pages and shopping baskets, named by Faker.

Faker writes some 7,000 full records a second, so it names a fixed vocabulary once and the volume
is drawn from it in SQL (`sql/lines.sql`).
"""

import json
from collections import OrderedDict
from dataclasses import dataclass

from faker import Faker

PROFILES = 2_000
PAGES = 300
PRODUCTS = 250
BASKETS = 5_000

LOCATIONS = OrderedDict(US=0.5, EU=0.3, ASIA=0.2)
DEVICES = OrderedDict(mobile=0.6, desktop=0.3, tablet=0.1)


@dataclass(frozen=True)
class Vocabulary:
    """Lists of one length share an index: `profile_*` describe one profile, `basket_*` one basket.

    `profile_version`, `page` and `basket_json` hold JSON text ready to be put into a document;
    `profile_version` is empty for the clients that send no version.
    """

    profile_device: list[str]
    profile_location: list[str]
    profile_version: list[str]
    page: list[str]
    basket_json: list[str]
    basket_size: list[int]


def build(seed: int) -> Vocabulary:
    """The same words for the same seed (and the pinned version of Faker)."""
    fake = Faker("en_US")
    fake.seed_instance(seed)
    profiles = range(PROFILES)
    versions = [fake.unique.numerify("%.#.#") for _ in range(12)]
    products = [
        (fake.unique.bothify("???-####", letters="ABCDEFGHJKLMNPQRSTUVWXYZ"), price)
        for price in (fake.random_int(199, 49_999) for _ in range(PRODUCTS))
    ]
    baskets = [_basket(fake, products) for _ in range(BASKETS)]
    return Vocabulary(
        profile_device=[fake.random_element(DEVICES) for _ in profiles],
        profile_location=[fake.random_element(LOCATIONS) for _ in profiles],
        profile_version=[
            ""
            if fake.random_int(1, 10) == 1
            else f',"app_version":"{fake.random_element(versions)}"'
            for _ in profiles
        ],
        page=[json.dumps(f"/{fake.uri_path()}/{fake.slug()}") for _ in range(PAGES)],
        basket_json=[text for text, _ in baskets],
        basket_size=[size for _, size in baskets],
    )


def _basket(fake: Faker, products: list[tuple[str, int]]) -> tuple[str, int]:
    """JSON text of `total` and 1 to 4 `items`, and how many. Added up in cents, so exactly."""
    lines = [
        (sku, fake.random_int(1, 3), cents)
        for sku, cents in fake.random_elements(products, length=fake.random_int(1, 4), unique=True)
    ]
    total = sum(quantity * cents for _, quantity, cents in lines)
    items = ",".join(
        f'{{"sku":{json.dumps(sku)},"quantity":{quantity},"unit_price":{_money(cents)}}}'
        for sku, quantity, cents in lines
    )
    return f'"total":{_money(total)},"items":[{items}]', len(lines)


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"
