"""One Redis for all tests of the cache that need a healthy one, emptied before each."""

from collections.abc import Iterator

import pytest

from tests.fetch.cache.redis_server import RedisServer, running_redis


@pytest.fixture(scope="session")
def shared_redis() -> Iterator[RedisServer]:
    with running_redis() as server:
        yield server


@pytest.fixture
def redis_server(shared_redis: RedisServer) -> RedisServer:
    with shared_redis.client as client:
        client.flushall()
    return shared_redis
