"""Hydra imports this wherever it composes, and so knows handloom's parameters and their defaults."""

from handloom.config.hydra_nodes import register

register()
