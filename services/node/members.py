"""Owns how a node comes by its member list, and what it says when it has none."""

from services.common.messaging.members import Members, MembersRefused, load_members
from services.common.settings import StartupError
from services.node.layout import NodeLayout


def known_members(layout: NodeLayout) -> Members:
    """Read the member list that the node was handed; raises StartupError saying where it comes from."""
    try:
        return load_members(layout.members, layout.root_public.read_bytes())
    except (OSError, ValueError, MembersRefused) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        message = (
            f"{layout.members.parent}: no valid member list ({why}): have the state node admit this node "
            "(`lotse hub admit`), then copy its root.pub and members.binpb here"
        )
        raise StartupError(message) from error
