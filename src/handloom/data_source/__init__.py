"""Create ML's data source for Python: labelled photos, videos or joints, from folders, files or data frames."""

from handloom.data_source.source import DataSource

__all__ = ["DataSource"]
