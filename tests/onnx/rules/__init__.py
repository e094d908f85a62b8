"""One rule for each operator. Importing this package fills the registry."""

from rules import axes, numbers, products, recurrent, shapes, training, windows  # noqa: F401
