"""The rules: one for each operator of which chainrule has something. A rule makes rows of a case, or raises `Absent`
with the reason why it cannot be expressed."""

RULES = {}


def rule(*operators):
    def register(function):
        for operator in operators:
            RULES[operator] = function
        return function

    return register


def express(case):
    """The rows of a case."""
    rows = RULES[case.operator](case)
    return rows if isinstance(rows, list) else [rows]
