import os
from unittest import mock

import pytest


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "test-Topaz-Eider")
    monkeypatch.delenv("HTTP_PROXY", raising=False)
    monkeypatch.setitem(os.environ, "DB_PASSWORD", "test-Beryl-Smew")


@mock.patch.dict(os.environ, {"SERPER_API_KEY": "test-Garnet-Grebe"}, clear=True)
def test_search():
    assert os.environ["SERPER_API_KEY"].startswith("test")
    del os.environ["SERPER_API_KEY"]


def test_pop():
    assert os.environ.pop("DB_PASSWORD", None)
