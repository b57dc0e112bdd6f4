"""What `twin forget` does, without its terminal: plan, carry out or go on, and prove again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from flows.bundles import newest_base_bundle
from flows.forgetting.journal import Journal, read_journal
from flows.forgetting.planning import Planned, make_plan
from flows.forgetting.proof import prove_absence
from flows.forgetting.quiet import quiet
from flows.forgetting.rebuilding import Rebuilt, rebuild
from flows.forgetting.receipts import check_own, hasher_of, read_receipt, receipts_of
from flows.forgetting.run import Surroundings, begin, carry_out
from flows.forgetting.search_index import ElasticStore, opened_search
from flows.forgetting.wording import Wording
from flows.platform import supervisor
from flows.platform.settings import PlatformSettings
from flows.recipes import load_recipe
from twin_data.configuration.home import TwinHome
from twin_data.configuration.persona import load_persona
from twin_data.contracts.errors import ConfigurationError, RegistryError
from twin_data.contracts.forgetting import AbsenceProof, ForgetReceipt, SignedReceipt
from twin_data.store.tables import FeatureStore
from twin_data.transform.collected import RAW
from twin_serve.ledger.database import url_of

Report = Callable[[str], None]


def plan_only(home: TwinHome, settings: PlatformSettings, persona: str, wanted: str, report: Report) -> Planned:
    """What would go; nothing is started or changed."""
    load_persona(home, persona)
    return make_plan(home, persona, wanted, _recipe(home, persona, settings, None), url_of(home), report)


def forget(
    home: TwinHome,
    settings: PlatformSettings,
    persona: str,
    wanted: str | None,
    recipe: str | None,
    report: Report,
) -> tuple[SignedReceipt, Path]:
    """Forget a source or document, or go on with what an interrupted run began.

    Args:
        home: Whose stores.
        settings: Where the servers are.
        persona: Whose material.
        wanted: Source, folder or file in it, or document id; None only goes on.
        recipe: By which what is left is built anew; that of the newest bundle 0 if None.
        report: Told about progress.

    Raises:
        PlatformError: A flow of the persona runs, or Elasticsearch cannot be started.
        ConfigurationError: Something else is being forgotten, or there is nothing to go on with.
    """
    load_persona(home, persona)
    with quiet(home, persona, settings):
        journal = read_journal(home, persona)
        _check_same(journal, persona, wanted)
        if journal is None:
            assert wanted is not None, "checked before"
            chosen = _recipe(home, persona, settings, recipe)
            journal = make_plan(home, persona, wanted, chosen, url_of(home), report).journal
            with _engine(home, settings, persona, report) as search:
                begin(home, journal)
                return carry_out(home, persona, _around(home, journal, search, report))
        report(f"going on with what was begun on {journal.requested_at:%Y-%m-%d %H:%M} UTC")
        with _engine(home, settings, persona, report) as search:
            return carry_out(home, persona, _around(home, journal, search, report))


def verify(
    home: TwinHome, settings: PlatformSettings, path: Path | None, report: Report
) -> list[tuple[ForgetReceipt, AbsenceProof]]:
    """Search again for what receipts say is gone: one receipt, or all of the home.

    Raises:
        IntegrityError: A receipt was changed.
        ConfigurationError: There is none, or another home's.
    """
    paths = (path,) if path else receipts_of(home)
    if not paths:
        raise ConfigurationError(f"nothing was forgotten in {home.root}", next_step="twin forget PERSONA SOURCE")
    proofs = []
    for one in paths:
        signed = read_receipt(one)
        check_own(home, signed)
        content = signed.content
        wording = Wording.stored(hasher_of(home, content.receipt), content.probes)
        with _engine(home, settings, content.persona, report) as search:
            proofs.append((content, prove_absence(home, content.persona, wording, search, url_of(home), report)))
    return proofs


def _check_same(journal: Journal | None, persona: str, wanted: str | None) -> None:
    if journal is None and wanted is None:
        raise ConfigurationError(
            f"nothing of {persona!r} is being forgotten",
            next_step=f"name a source or document: twin forget {persona} SOURCE",
        )
    if journal is not None and wanted not in {None, journal.wanted}:
        raise ConfigurationError(
            f"an interrupted run was forgetting {journal.wanted!r} of {persona!r}",
            next_step=f"let it end first: twin forget {persona}",
        )


def _recipe(home: TwinHome, persona: str, settings: PlatformSettings, given: str | None) -> str:
    """The recipe given, else the one that the newest features were built by, if it is a shipped one."""
    if given:
        return given
    try:
        built_by = newest_base_bundle(home, persona).manifest.lineage.recipe
        load_recipe(built_by)
    except (RegistryError, ConfigurationError):
        return settings.recipe
    return built_by


@contextmanager
def _engine(home: TwinHome, settings: PlatformSettings, persona: str, report: Report) -> Iterator[ElasticStore | None]:
    """The search engine, started if it is not running; None for a persona of which nothing was ever built."""
    if not FeatureStore.of(home.features, persona).exists(RAW):
        yield None
        return
    supervisor.ensure(home, settings, ("elasticsearch",), report=report)
    with opened_search(settings) as search:
        yield search


def _around(home: TwinHome, journal: Journal, search: ElasticStore | None, report: Report) -> Surroundings:
    def rebuilt() -> Rebuilt | None:
        assert search is not None, "a persona without an index is not rebuilt"
        return rebuild(home, journal.persona, journal.recipe, search.client, report)

    return Surroundings(search=search, rebuild=rebuilt, database_url=url_of(home), report=report)
