"""Makes offers as large as real ones (about 1.15 kB of German text each) and a search service to hold them."""

import random
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lotse.directory.v1.directory_events_pb2 import OfferEntry
from lotse.federation.v1.envelope_pb2 import MEMBER_STATE_ACTIVE, Member, MemberList, SigningKey
from services.common.clock import utc_now
from services.common.crypto.keys import Signer, create_nkey, create_signer
from services.common.messaging.members import write_members
from services.common.names import RegionId
from services.common.rpc.auth import create_token
from services.common.rpc.callers import Role
from services.common.rpc.server import QuotaSettings, ServerSettings
from services.node.install.home import opensearch_home
from services.node.install.opensearch_lock import LOCK_FILE, read_lock
from services.node.servers.opensearch import running_opensearch
from services.search.adapters.sql import SqlEntryStore
from services.search.app import RunningSearch, running
from services.search.domain.labels import DISTRICTS
from services.search.domain.reading import OFFER, ReadBatch, RecordChange
from services.search.settings import SearchSettings
from services.search.tagging import topics_fingerprint
from services.search.thesaurus import load_thesaurus

REGIONS = ("bautzen", "chemnitz", "dresden", "goerlitz", "leipzig", "zwickau")
_START = datetime(2026, 1, 1, tzinfo=UTC)
_PAGE = 1_000


def _words(text: str) -> list[str]:
    return text.split()


_WORDS = _words(
    "Beratung Anerkennung Abschluss Zeugnis Beruf Pflege Sprache Kurs Deutsch Arbeit Vertrag Kündigung Lohn "
    "Steuer Wohnung Familie Kind Schule Visum Aufenthalt Behörde Antrag Frist Termin Unterlagen Bewerbung "
    "Lebenslauf Praktikum Ausbildung Studium Gründung Förderung Netzwerk Unternehmen Fachkraft Integration "
    "Orientierung Begleitung Sprechstunde Workshop Qualifizierung Prüfung Handwerk Kammer Agentur Jobcenter "
    "Ankommen Mentor Gesundheit Versicherung"
)
_FILLING = _words(
    "wir Sie und mit für bei zu im in der die das eine einen auf von Ihnen helfen beraten begleiten "
    "kostenlos vertraulich persönlich mehrsprachig unterstützen klären prüfen vermitteln gemeinsam "
    "individuell regelmäßig"
)
_LANGUAGES = ("de", "en", "uk", "ru", "ar", "fa", "vi", "pl", "cs", "tr")
_FORMATS = ("OFFER_FORMAT_ON_SITE", "OFFER_FORMAT_VIDEO", "OFFER_FORMAT_PHONE")
_KINDS = ("OFFER_KIND_COUNSELLING", "OFFER_KIND_TRAINING", "OFFER_KIND_INFORMATION_EVENT", "OFFER_KIND_HOTLINE")


def entries(count: int, seed: int = 7) -> Iterator[tuple[str, str, OfferEntry]]:
    """Make region, id and entry of each offer; the same seed gives the same ones."""
    draw = random.Random(seed)
    topics = list(load_thesaurus())
    for number in range(count):
        region, record_id = draw.choice(REGIONS), f"offer-{number:07d}"
        yield region, record_id, _entry(draw, region, record_id, topics)


def _entry(draw: random.Random, region: str, record_id: str, topics: list[str]) -> OfferEntry:
    owner, site = f"regions/{region}/partners/p-{record_id}", f"regions/{region}/sites/s-{record_id}"
    district = draw.choice(list(DISTRICTS))
    text = {
        "language_code": "de",
        "title": " ".join(_noun(draw) for _ in range(4)),
        "summary": _sentence(draw, 16),
        "description": " ".join(_sentence(draw, 14) for _ in range(5)),
    }
    offer: Any = {
        "name": f"regions/{region}/offers/{record_id}",
        "revision": 1,
        "update_time": _START + timedelta(seconds=draw.randrange(20_000_000)),
        "state": "OFFER_STATE_PUBLISHED",
        "kind": draw.choice(_KINDS),
        "partner": owner,
        "sites": [{"site": site}],
        "texts": [text],
        "topics": draw.sample(topics, 2),
        "audiences": [draw.choice(("AUDIENCE_PERSON", "AUDIENCE_PERSON", "AUDIENCE_COMPANY"))],
        "scope": draw.choice(("OFFER_SCOPE_REGION", "OFFER_SCOPE_REGION", "OFFER_SCOPE_SAXONY")),
        "catchment": {"district_codes": [district]},
        "consultation_languages": [
            {"language_code": tag, "mode": "LANGUAGE_MODE_SPOKEN"} for tag in draw.sample(_LANGUAGES, 3)
        ],
        "formats": draw.sample(_FORMATS, 2),
    }
    at_site: Any = {
        "name": site,
        "partner": owner,
        "display_name": "Haus",
        "kind": "SITE_KIND_POSTAL",
        "district_code": district,
        "location": {"latitude": 50.3 + draw.random(), "longitude": 12.1 + 2.7 * draw.random()},
    }
    made: Any = {"name": owner, "display_name": f"Verein {draw.choice(_WORDS)}", "kind": "PARTNER_KIND_CHAMBER"}
    return OfferEntry(offer=offer, partner=made, sites=[at_site])


def _sentence(draw: random.Random, words: int) -> str:
    chosen = [_noun(draw) if draw.random() < 0.4 else draw.choice(_FILLING) for _ in range(words)]
    return " ".join(chosen).capitalize() + "."


def _noun(draw: random.Random) -> str:
    """Draw a noun: few are common, most are rare compounds, as in real texts (Zipf)."""
    first = _WORDS[min(int(draw.paretovariate(0.7)) - 1, len(_WORDS) - 1)]
    return first if draw.random() < 0.3 else f"{first}s{draw.choice(_WORDS).lower()}"


async def fill_inbox(store: SqlEntryStore, count: int) -> None:
    """Put offers where a reader would have left them, with their topics found already."""
    fingerprint = topics_fingerprint(load_thesaurus(), with_encoder=False)
    page: list[RecordChange] = []
    for region, record_id, entry in entries(count):
        body = entry.SerializeToString()
        page.append(RecordChange(RegionId(region), OFFER, record_id, 1, 1, 1, False, body, (), fingerprint))
        if len(page) == _PAGE:
            await store.commit(ReadBatch(tuple(page)), utc_now())
            page.clear()
    await store.commit(ReadBatch(tuple(page)), utc_now())


@asynccontextmanager
async def running_search(folder: Path, heap: str = "1g") -> AsyncIterator[tuple[RunningSearch, SearchSettings, str]]:
    """Run engine and service in a folder; yields the service, its settings, and a token."""
    async with AsyncExitStack() as stack:
        home = opensearch_home(read_lock(LOCK_FILE))
        engine = await stack.enter_async_context(running_opensearch(home, folder / "engine", heap=heap))
        settings, token = search_settings(folder, engine.url)
        yield await stack.enter_async_context(running(settings)), settings, token


def search_settings(folder: Path, engine_url: str) -> tuple[SearchSettings, str]:
    """Make a federation of our regions, a token, and settings that use both."""
    root = create_signer(folder / "root.key")
    members = [_member(folder, region) for region in REGIONS]
    write_members(folder / "members", MemberList(serial=1, members=members), root)
    lifetime = timedelta(hours=4)
    tokens, region = folder / "tokens.json", RegionId("dresden")
    token = create_token(tokens, utc_now, region=region, role=Role.HOTLINE, name="bench", lifetime=lifetime)
    settings = SearchSettings(
        region="dresden",
        server=ServerSettings(tokens_file=tokens, quota=QuotaSettings(rate=1e6, burst=1_000_000)),
        search_database_url=f"sqlite+aiosqlite:///{folder}/search.db",
        members_file=folder / "members",
        root_public_key=root.public_bytes.hex(),
        opensearch_url=engine_url,
        opensearch_timeout_seconds=60,
        # What is measured is the service beside its engine; `bench/understanding.py` measures the encoder.
        encoder="off",
    )
    return settings, token


def _member(folder: Path, region: str) -> Member:
    signer: Signer = create_signer(folder / f"{region}.key")
    key = SigningKey(key_id=signer.key_id, public_key=signer.public_bytes)
    nkey = create_nkey(folder / f"{region}.nkey")
    return Member(region=region, display_name=region.title(), state=MEMBER_STATE_ACTIVE, signing_keys=[key], nkey=nkey)
