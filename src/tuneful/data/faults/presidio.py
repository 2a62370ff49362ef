"""Names and national numbers, by Microsoft's presidio: the extra "pii", beside our own patterns.

Presidio's patterns (national numbers, licences, keys of wallets) need nothing else. Names of
people and places come from a spaCy pipeline, which is a package of its own. It is never fetched
here; neither is a list of domains: presidio's own search for email addresses, which would ask the
network for it, is left to ours. Without a pipeline the words around a find say nothing to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from tuneful.core.errors import DataError
from tuneful.data.faults.private import Private

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NAMES = frozenset({"PERSON", "LOCATION", "NRP", "ORGANIZATION", "DATE_TIME"})
"""What only a pipeline finds; dates presidio's patterns find in part."""
OURS = frozenset({"EMAIL_ADDRESS"})
WHERE = "data.clean: {name: mask, presidio: …}"

Found = list[Private]


def by_presidio(
    entities: Sequence[str], model: str, language: str, least: float
) -> Callable[[str], Found]:
    """What presidio finds in a text, in its order and without overlaps.

    Args:
        entities: In presidio's words: PERSON, US_SSN ….
        model: A spaCy pipeline that is installed, or its folder; "" for patterns alone.
        language: Of the texts, as ISO 639-1.
        least: Lowest score.

    Raises:
        DataError: Presidio or the pipeline is not installed, or knows no such entity.
    """
    if not model and (named := sorted(NAMES.intersection(entities) - {"DATE_TIME"})):
        raise DataError(
            f"{', '.join(named)} cannot be found without a spaCy pipeline.",
            where=WHERE,
            fix="python -m spacy download en_core_web_sm (or pip install its wheel), and set "
            "presidio.model: en_core_web_sm; or leave these out.",
        )
    engine = _engine(model, language)
    known = sorted({*engine.get_supported_entities(language)} - OURS)
    unknown = [name for name in entities if name not in known]
    if unknown:
        raise DataError(
            f"Presidio knows no {', '.join(unknown)} in {language!r}.",
            where=WHERE,
            fix=f"Choose from: {', '.join(known)}; email addresses are found by our own kinds.",
        )

    def find(text: str) -> Found:
        results = engine.analyze(
            text, language, entities=list(entities), score_threshold=least or None
        )
        found: Found = []
        for one in sorted(cast("list[Any]", results), key=lambda one: (-one.score, one.start)):
            kind, begin, end = str(one.entity_type).lower(), int(one.start), int(one.end)
            if all(end <= other.begin or other.end <= begin for other in found):
                found.append(Private(kind, begin, end, " ".join(text[begin:end].split())))
        return sorted(found, key=lambda one: one.begin)

    return find


def _engine(model: str, language: str) -> Any:
    """Presidio's engine over a pipeline, or over one that only cuts words."""
    try:
        import presidio_analyzer
        import spacy
        from presidio_analyzer.nlp_engine import SpacyNlpEngine
    except ImportError:
        raise DataError(
            "The library presidio-analyzer is missing.",
            where=WHERE,
            fix='pip install "tuneful[pii]", or leave presidio out.',
        ) from None
    of: Any = cast("Any", spacy)
    pipeline: Any = cast("Any", SpacyNlpEngine)()
    try:
        pipeline.nlp = {language: of.load(model) if model else of.blank(language)}
    except (OSError, ImportError) as error:
        what = f"pipeline {model!r}" if model else f"language {language!r}"
        raise DataError(
            f"spaCy has no {what}: {str(error).splitlines()[0][:200]}",
            where=WHERE,
            fix=f"python -m spacy download {model or 'en_core_web_sm'} (or pip install its wheel); "
            "its folder will do as well.",
        ) from None
    library: Any = presidio_analyzer
    registry = library.RecognizerRegistry(supported_languages=[language])
    registry.load_predefined_recognizers(languages=[language], nlp_engine=pipeline)
    for name in ("EmailRecognizer", *(() if model else ("SpacyRecognizer",))):
        registry.remove_recognizer(name)
    return library.AnalyzerEngine(
        nlp_engine=pipeline, registry=registry, supported_languages=[language]
    )
