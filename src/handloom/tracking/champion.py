"""Which version of a registered model is the champion.

**The rule.** The alias `champion` moves to a new version if its `accuracy_end_to_end` on the test part is higher than
that of the champion, or equal with a lower `log_loss`; otherwise it stays. The two are compared only where both were
measured on the same test part (`handloom.test_data_sha256`: the same examples, labels and joints, the same stride of
windows). On another test part the numbers say nothing of each other: the alias stays, and a line says so. The first
version of all is the champion.
"""

from collections.abc import Mapping

CHAMPION = "champion"
ACCURACY, LOG_LOSS, TEST_DATA = "handloom.accuracy_end_to_end", "handloom.log_loss", "handloom.test_data_sha256"


def replaces(new: Mapping[str, str], champion: Mapping[str, str]) -> bool | None:
    """Whether a version replaces the champion, by the tags of both; None: they cannot be compared."""
    if not new.get(TEST_DATA) or new.get(TEST_DATA) != champion.get(TEST_DATA):
        return None
    return _rank(new) > _rank(champion)


def _rank(tags: Mapping[str, str]) -> tuple[float, float]:
    return float(tags[ACCURACY]), -float(tags[LOG_LOSS])
