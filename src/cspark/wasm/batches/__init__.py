"""Batches of records on the workers of Ray, Dask, Spark or any other pool."""

from .batches import Batches, BatchOptions

__all__ = ['BatchOptions', 'Batches']
