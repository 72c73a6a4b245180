"""What can go wrong in a way that somebody can act on."""


class PartError(Exception):
    """A message is no part of a field machine: it goes to the dead letters, and the others go on."""


class StopError(Exception):
    """A person has to do something first. The message says what, in one sentence."""
