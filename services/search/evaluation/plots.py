"""Draws one plot a language: how often each system has a right offer among the first three."""

from collections.abc import Sequence
from pathlib import Path

from services.search.evaluation.running import Judged


def draw(results: Sequence[Judged], folder: Path) -> int:
    """Write LANGUAGE.svg for each language into FOLDER; gives how many. Raises ImportError without matplotlib."""
    import matplotlib as mpl

    mpl.use("svg")
    # The same picture from the same figures: no random ids, no date.
    mpl.rcParams["svg.hashsalt"] = "lotse"
    from matplotlib import pyplot

    folder.mkdir(parents=True, exist_ok=True)
    languages = sorted({language for result in results for language in result.by_language})
    for language in languages:
        figure, axes = pyplot.subplots(figsize=(6, 0.45 * len(results) + 1.2), layout="constrained")
        shares = [result.by_language[language].success_at_3 for result in results]
        bars = axes.barh([result.system for result in results], shares, color="#34637a")
        axes.bar_label(bars, fmt="%.2f", padding=3)
        axes.set_xlim(0, 1.1)
        axes.invert_yaxis()
        axes.set_title(
            f"{language}: right offer in the first three, {results[0].by_language[language].queries} questions"
        )
        figure.savefig(folder / f"{language}.svg", metadata={"Date": None})
        pyplot.close(figure)
    return len(languages)
