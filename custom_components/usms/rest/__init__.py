"""The REST view: `/api/usms/`, for other systems, over the store and the last snapshot."""

from .views import async_setup_rest

__all__ = ["async_setup_rest"]
