"""Feature maps on the command line: what of them is asked for, and how large they will be."""

from typing import TYPE_CHECKING

import typer

from kuavi.apps.cli.options import MapsName, TierName

if TYPE_CHECKING:
    from kuavi.apps.toolbox.session import OpenLibrary
    from kuavi.domain.plan import IndexPlan


def with_maps(plan: "IndexPlan", tier: TierName, maps: MapsName | None) -> "IndexPlan":
    """The plan with the maps asked for; pooled ones unless told otherwise."""
    from attrs import evolve

    from kuavi.domain.plan import Maps

    if maps is None:
        return plan
    if tier != TierName.DEEP:
        raise typer.BadParameter("--maps says what --tier deep keeps; give that too")
    return evolve(plan, maps=Maps(maps.value))


def tell_size(library: "OpenLibrary", paths: list[str], plan: "IndexPlan") -> None:
    """Before a run: how much feature maps will take, on stderr."""
    from kuavi.apps.cli import screen
    from kuavi.apps.cli.show_library import size_text
    from kuavi.domain.manifest import TIERS, Stage

    if Stage.FEATURES not in TIERS[plan.tier]:
        return
    size = library.maps_size(*paths, plan=plan)
    if size is not None:
        shape = " x ".join(map(str, size.shape))
        screen.aside(
            f"feature maps ({plan.maps.value}): {size.maps} of {shape}, "
            f"about {size_text(size.nbytes)} in the library"
        )
