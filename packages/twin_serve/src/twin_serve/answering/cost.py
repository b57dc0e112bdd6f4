"""What an answer cost: seconds of our machine, or tokens of somebody else's model."""

from __future__ import annotations

from twin_data.contracts.answers import Cost
from twin_data.contracts.releases import GenerationSettings, ReleaseBundle
from twin_serve.ledger.money import price_of
from twin_serve.llm.client import Usage


def cost_of(manifest: ReleaseBundle, usage: Usage, llm_seconds: float, seconds: float) -> Cost:
    """The cost of what has been done so far; its amount is None where price or tokens are unknown."""
    amount, currency = _amount(manifest, usage, llm_seconds)
    return Cost(
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        seconds=round(seconds, 4),
        amount=amount,
        currency=currency if amount is not None else None,
    )


def most_of(manifest: ReleaseBundle, settings: GenerationSettings) -> float | None:
    """The most that an answer may cost by its tokens; None where it is paid by the second, or the price is unknown."""
    if manifest.endpoint is None or manifest.endpoint.price is None:
        return None
    drafts = 1 + settings.redrafts
    return manifest.endpoint.price.amount(drafts * manifest.max_model_len, drafts * settings.max_tokens)


def _amount(manifest: ReleaseBundle, usage: Usage, llm_seconds: float) -> tuple[float | None, str]:
    if manifest.endpoint is None:
        return price_of(llm_seconds, manifest.price), manifest.price.currency
    price = manifest.endpoint.price
    if price is None or usage.uncounted:
        return None, ""
    return price.amount(usage.prompt_tokens, usage.completion_tokens), price.currency
